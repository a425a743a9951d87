"""How DBOS starts a run again, in this process and in no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from dbos import DBOS

_POLLING_S = 0.05


@dataclass(kw_only=True)
class OwnQueue:
    """A queue that one process serves: what lies in DBOS's own is taken by any that runs.

    It is there only while a run of it is waited for: DBOS asks for it many times a second, and keeps one of a process
    that was killed for ever.
    """

    name: str
    waiting: int = 0
    _changing: Lock = field(default_factory=Lock, repr=False)

    @contextmanager
    def resumed(self, run_id: str) -> Iterator[None]:
        """Start the run's workflow again here; whatever still performs it can record nothing from now on.

        It has begun when the context ends.
        """
        self._wait()
        try:
            DBOS.resume_workflow(run_id, queue_name=self.name)
            yield
        finally:
            self._had()

    def _wait(self) -> None:
        with self._changing:
            if not self.waiting:
                DBOS.register_queue(self.name, polling_interval_sec=_POLLING_S)
            self.waiting += 1

    def _had(self) -> None:
        with self._changing:
            self.waiting -= 1
            if not self.waiting:
                DBOS.delete_queue(self.name)
