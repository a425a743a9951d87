"""How DBOS starts a run again, in this process and in no other."""

from __future__ import annotations

from dataclasses import dataclass

from dbos import DBOS

_POLLING_S = 0.05


@dataclass(kw_only=True)
class OwnQueue:
    """A queue that one process serves: what lies in DBOS's own is taken by any that runs."""

    name: str
    is_there: bool = False

    def resume(self, run_id: str) -> None:
        """Start the run's workflow again here; whatever still performs it can record nothing from now on."""
        if not self.is_there:
            DBOS.register_queue(self.name, polling_interval_sec=_POLLING_S)
            self.is_there = True
        DBOS.resume_workflow(run_id, queue_name=self.name)

    def remove(self) -> None:
        if self.is_there:
            DBOS.delete_queue(self.name)
