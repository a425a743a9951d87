"""Runs performed for others: what waits in the catalog, and what nobody performs any more."""

from __future__ import annotations

import signal
import time
from contextlib import closing
from dataclasses import dataclass, replace

from migrator.plan.variables import Unset
from migrator.runs.catalog import Catalog
from migrator.runs.interrupts import Interrupts, watched
from migrator.runs.liveness.holds import Hold, Holder
from migrator.runs.liveness.reaper import Reaper
from migrator.runs.liveness.worker_log import WorkerLog
from migrator.runs.records import RunRecord
from migrator.service.assisting import Assisting
from migrator.service.cancelling import Cancelling
from migrator.service.resuming import Resuming, asked
from storage.address import redacted
from storage.errors import MigratorError, Misuse, Parked
from storage.system import fault_of

_LOOK_S, _AGAIN_S = 0.5, 2.0
_LEFT_S = 60.0  # others have time to come to what cannot be performed here
_OTHERS_FIRST_S = 5.0  # whoever performs runs was cut off, too, and is not silent for that


@dataclass(frozen=True, kw_only=True)
class Working(Resuming, Cancelling, Assisting):
    """What a worker does."""

    def reached(self) -> str:
        """The address of the catalog, which can be used. Fault or Misuse where it cannot."""
        with self._catalog():
            return redacted(self.settings.catalog_url)

    def work(self, log: WorkerLog) -> None:
        """Perform one run after the other until SIGTERM: what is under way then waits for the next worker.

        While the catalog is away, runs wait for it, and so does this.
        """
        serving = replace(self, worker=Holder.here().said)
        with watched(signal.SIGTERM) as stop:
            while not stop.seen:
                try:
                    serving._serve(log, stop)
                except MigratorError as error:
                    log.away(error)
                    time.sleep(_AGAIN_S)

    def _serve(self, log: WorkerLog, stop: Interrupts) -> None:
        with self._catalog() as catalog, closing(self._locks()) as locks:
            if log.reached():
                time.sleep(_OTHERS_FIRST_S)
            reaper, idle = self._reaper(catalog, locks), self._idle(catalog, self.worker or "")
            while not stop.seen:
                if any(self._took(catalog, reaper, record, log) for record in catalog.to_perform()):
                    continue
                if idle is None or not self._assisted(catalog, idle, log):
                    time.sleep(_LOOK_S)

    def _took(self, catalog: Catalog, reaper: Reaper, record: RunRecord, log: WorkerLog) -> bool:
        """Whether it was ours to perform, or to erase."""
        if log.is_left(record.run_id) or (hold := reaper.claim(record)) is None:
            return False
        log.about(record.run_id, record.tenant)
        try:
            if not _is_known(catalog, record, log) or self._is_left_to_others(catalog, record, log):
                return False
            if record.state == "cancelling":
                self._cleared(catalog, record, hold, log)
            else:
                self._served(catalog, record, hold, log)
        finally:
            hold.release()
        return True

    def _is_left_to_others(self, catalog: Catalog, record: RunRecord, log: WorkerLog) -> bool:
        """For a while, where its plan asks for what is not set here; if nobody came, it is this one that says so."""
        if record.state == "cancelling" or log.was_left(record.run_id):
            return False
        try:
            self._read_asked(catalog, record)
        except Unset as error:
            log.tell(record.run_id, f"left to others for {_LEFT_S:g} s: {error.what} here ({error.where})")
            log.leave(record.run_id, _LEFT_S)
            return True
        except (MigratorError, OSError):
            return False  # it ends with that when it is performed, and its record says so
        return False

    def _cleared(self, catalog: Catalog, record: RunRecord, hold: Hold, log: WorkerLog) -> None:
        log.tell(record.run_id, "somebody cancelled it: what it left is erased here")
        try:
            self._erase(catalog, catalog.take(record, to="cancelling", worker=self.worker), hold)
        except MigratorError as error:
            log.stopped(record.run_id, error)
        else:
            log.tell(record.run_id, "cancelled: nothing is left of it")

    def _served(self, catalog: Catalog, record: RunRecord, hold: Hold, log: WorkerLog) -> None:
        attempt = f"attempt {record.attempt + 1}"
        words = "begun" if record.attempt == 0 else "gone on with" if record.state == "queued" else "taken over"
        log.tell(record.run_id, f"{record.kind} {words}, {attempt}")
        try:
            with self.spanned(record):
                ended, _found = self._resumed(catalog, record, hold)
        except Parked as parked:
            log.tell(record.run_id, parked.what)
        except (MigratorError, OSError) as error:
            log.stopped(record.run_id, error if isinstance(error, MigratorError) else fault_of(error))
        else:
            log.tell(record.run_id, f"{ended.state}, {ended.verdict}, {attempt}")


def _is_known(catalog: Catalog, record: RunRecord, log: WorkerLog) -> bool:
    """What a newer version of this program was asked for is for its workers."""
    try:
        asked(catalog, record)
    except Misuse as error:
        log.stopped(record.run_id, error)
        log.leave(record.run_id)
        return False
    return True
