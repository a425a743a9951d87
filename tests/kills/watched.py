"""A command under way as a process of its own, and when it told of each step."""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from tests.acceptance.world import Answer
from tests.kills.warm import Forked

_STEP = "… "


@dataclass(frozen=True, kw_only=True)
class Step:
    """A line of progress, and the seconds since the start."""

    name: str
    at: float


class Watched:
    """The process, its streams read as they come."""

    def __init__(self, process: subprocess.Popen[str] | Forked) -> None:
        self.process = process
        self.steps: list[Step] = []
        self._started = time.monotonic()
        self._news = threading.Condition()
        self._stdout: list[str] = []
        self._stderr: list[str] = []
        assert process.stdout and process.stderr
        self._readers = [
            threading.Thread(target=self._read, args=(process.stdout, self._stdout), daemon=True),
            threading.Thread(target=self._read, args=(process.stderr, self._stderr), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def reach(self, number: int) -> None:
        """Wait until it has told of so many steps, or has ended."""
        with self._news:
            while len(self.steps) < number and self.process.poll() is None:
                self._news.wait(0.01)

    def ends_within(self, seconds: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.poll() is not None

    def answer(self) -> Answer:
        """What it left, once it has ended."""
        code = self.process.wait()
        for reader in self._readers:
            reader.join()
        return Answer(code=code, stdout="".join(self._stdout), stderr="".join(self._stderr))

    def _read(self, stream: IO[str], into: list[str]) -> None:
        with stream:
            for line in stream:
                into.append(line)
                if line.startswith(_STEP):
                    with self._news:
                        self.steps.append(Step(name=line.removeprefix(_STEP).strip(), at=self.seconds))
                        self._news.notify_all()
