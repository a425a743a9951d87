"""Runs performed for others: what waits in the catalog, and what nobody performs any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

from migrator.runs.catalog import Catalog
from migrator.runs.liveness.holds import Hold, Holder
from migrator.runs.liveness.reaper import Reaper
from migrator.runs.records import RunRecord
from migrator.service.cancelling import Cancelling
from migrator.service.resuming import Resuming
from storage.address import redacted
from storage.errors import Fault, MigratorError, Parked

_LOOK_S, _AGAIN_S = 0.5, 2.0


@dataclass(frozen=True, kw_only=True)
class Working(Resuming, Cancelling):
    """What a worker does."""

    def reached(self) -> str:
        """The address of the catalog, which can be used. Fault or Misuse where it cannot."""
        with self._catalog():
            return redacted(self.settings.catalog_url)

    def work(self, tell: Callable[[str], None]) -> None:
        """Perform one run after the other until interrupted: what is under way then waits for the next worker."""
        serving = replace(self, worker=Holder.here().said)
        while True:
            try:
                serving._serve(tell)
            except Fault as fault:  # the catalog's server is away: runs wait for it, and so do we
                tell(f"… {fault.what}; tried again")
                time.sleep(_AGAIN_S)

    def _serve(self, tell: Callable[[str], None]) -> None:
        with self._catalog() as catalog, closing(self._locks()) as locks:
            reaper = self._reaper(catalog, locks)
            while True:
                if not any(self._took(catalog, reaper, record, tell) for record in catalog.to_perform()):
                    time.sleep(_LOOK_S)

    def _took(self, catalog: Catalog, reaper: Reaper, record: RunRecord, tell: Callable[[str], None]) -> bool:
        """Whether it was ours to perform, or to erase."""
        hold = reaper.claim(record)
        if hold is None:
            return False
        try:
            if record.state == "cancelling":
                self._erase(catalog, catalog.take(record))
            else:
                self._served(catalog, record, hold, tell)
        finally:
            hold.release()
        return True

    def _served(self, catalog: Catalog, record: RunRecord, hold: Hold, tell: Callable[[str], None]) -> None:
        tell(f"… {record.run_id}: {'performed' if record.state == 'queued' else 'taken over'}")
        try:
            ended, _found = self._resumed(catalog, record, hold)
            tell(f"… {record.run_id}: {ended.state}, {ended.verdict}")
        except MigratorError as error:
            if (now := catalog.run(record.run_id)).attempt == record.attempt:  # refused before it began
                catalog.fail(catalog.take(record, worker=self.worker), error)
            tell(f"… {record.run_id}: {error.what}")
            if isinstance(error, Parked) and now.state == "queued":
                raise KeyboardInterrupt from error
