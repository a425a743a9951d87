"""Following a run, from anywhere its catalog can be read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.outcomes import Tick
from migrator.runs.catalog import Catalog
from migrator.runs.patience import TOLD_S, Patience
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
        """The run now, and each time it changed, until it ended. Fault where it is lost and nobody goes on with it.

        A catalog that goes away meanwhile is waited for, as whoever performs the run does.
        """
        with self._catalog() as catalog:
            record, patience = catalog.run(run_id), Patience(self.settings.catalog_patience_s)
            yield record
            lost_since: float | None = None
            while record.state not in _ENDED:
                lost_since = (lost_since or time.monotonic()) if record.state == "lost" else None
                if lost_since is not None and time.monotonic() - lost_since > NOBODY_S:
                    raise nobody_goes_on(record)
                time.sleep(_LOOK_S)
                before, record = record, self._looked_at(record, catalog, patience)
                if record != before:
                    yield record

    def _looked_at(self, record: RunRecord, catalog: Catalog, patience: Patience) -> RunRecord:
        """The run, as soon as the catalog answers. Fault where that takes too long."""
        is_told = False
        while True:
            try:
                found = catalog.run(record.run_id)
            except Fault as error:
                if not self.settings.is_shared:  # a file is there or is not
                    raise
                if patience.is_over:
                    raise _out_of_sight(record, patience) from error
                if not is_told and patience.away_s > TOLD_S:
                    self.progress(Tick(step=patience.said))
                    is_told = True
                time.sleep(_LOOK_S)
            else:
                patience.answered()
                return found


def _out_of_sight(record: RunRecord, patience: Patience) -> Fault:
    return Fault(
        f"the catalog was away for {patience.seconds:g} s, and nobody can say how far the run is",
        where=record.run_id,
        next=f"when its server answers again, migrator runs follow {record.run_id};"
        " MIGRATOR_PATIENCE says for how many seconds it is waited for",
    )


def nobody_goes_on(record: RunRecord) -> Fault:
    return Fault(
        "the run's process is gone, and no worker goes on with it",
        where=record.run_id,
        next=f"migrator runs resume {record.run_id}",
    )
