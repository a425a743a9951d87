"""The processes of a worker: each performs one run at a time, so that one that hangs or dies takes no other along."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

_LOOK_S = 0.2
_AGAIN_S = 1.0  # a process that dies at once is not started in a loop


@dataclass(kw_only=True)
class Slots:
    """`command` is started `count` times, and again where it ends by itself.

    A process of it ends when its standard input does: a worker that is killed leaves nobody behind.
    """

    command: Sequence[str]
    count: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list, repr=False)
    _is_ending: threading.Event = field(default_factory=threading.Event, repr=False)

    def serve(self) -> None:
        """Until somebody interrupts, or another thread ends it."""
        while not self._is_ending.is_set():
            self.processes = [one for one in self.processes if one.poll() is None]
            missing = self.count - len(self.processes)
            for _ in range(missing):
                self._start()
            self._is_ending.wait(_AGAIN_S if missing else _LOOK_S)

    def end(self, grace_s: float) -> bool:
        """Ask every process to park its run and leave; after so many seconds it is killed. Whether none had to be."""
        self._is_ending.set()
        for process in self.processes:
            process.terminate()
        until = time.monotonic() + grace_s
        try:
            for process in self.processes:
                process.wait(max(0.0, until - time.monotonic()))
        except (subprocess.TimeoutExpired, KeyboardInterrupt):  # or somebody is impatient
            return False
        else:
            return True
        finally:
            for process in self.processes:
                process.kill()
                process.communicate()

    def _start(self) -> None:
        # a group of its own: a Ctrl-C at the terminal is for the worker, which says what becomes of its runs. Not a
        # session: Linux would share the cores between sessions, whatever the worker's niceness
        started = subprocess.Popen(self.command, stdin=subprocess.PIPE, process_group=0)  # noqa: S603 - our own
        self.processes.append(started)
