"""Following a run, from anywhere its catalog can be read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.runs.records import RunRecord
from migrator.service.opening import Opening
from storage.errors import Fault

_LOOK_S = 0.5
NOBODY_S = 60.0  # a worker takes a lost run over within seconds
_ENDED = ("parked", "done", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True)
class Following(Opening):
    """Runs that others perform."""

    def follow(self, run_id: str) -> Iterator[RunRecord]:
        """The run now, and each time it changed, until it ended. Fault where it is lost and nobody goes on with it."""
        with self._catalog() as catalog:
            record = catalog.run(run_id)
            yield record
            lost_since: float | None = None
            while record.state not in _ENDED:
                lost_since = (lost_since or time.monotonic()) if record.state == "lost" else None
                if lost_since is not None and time.monotonic() - lost_since > NOBODY_S:
                    raise nobody_goes_on(record)
                time.sleep(_LOOK_S)
                before, record = record, catalog.run(record.run_id)
                if record != before:
                    yield record


def nobody_goes_on(record: RunRecord) -> Fault:
    return Fault(
        "the run's process is gone, and no worker goes on with it",
        where=record.run_id,
        next=f"migrator runs resume {record.run_id}",
    )
