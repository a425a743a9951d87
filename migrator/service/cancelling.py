"""Runs that somebody gives up for good: stopped wherever they are performed, and what they left is erased."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass

from migrator.runs.catalog import Catalog
from migrator.runs.liveness.reaper import Reaper
from migrator.runs.records import RunRecord
from migrator.runs.request import LoadRequest
from migrator.service.addresses import whole
from migrator.service.performing import Performing
from storage.errors import Fault, Misuse

_PATIENCE_S = 120.0
_LOOK_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Cancelling(Performing):
    """The end of a run, at somebody's word."""

    def cancel(self, run_id: str, *, url: str | None = None) -> RunRecord:
        """Stop the run, on whichever machine it is performed, and erase its traces; gives it as cancelled.

        `url` is the address of the copy that it rehearsed in, where that holds a password. Misuse where it is done, or
        has changed its target already. Fault where it does not stop.
        """
        with self._catalog() as catalog, closing(self._locks()) as locks:
            reaper, record = self._reaper(catalog, locks), catalog.run(run_id)
            copy = _copy_of(catalog, record, url)
            end = time.monotonic() + _PATIENCE_S
            while record.state != "cancelled":
                _require_not_done(record)
                if time.monotonic() > end:
                    raise _does_not_stop(record)
                if not self._cancelled_here(catalog, reaper, record, copy):
                    if record.is_under_way or record.state == "lost":
                        catalog.move(record, to="cancelling")
                    time.sleep(_LOOK_S)
                record = catalog.run(record.run_id)
            return record

    def _cancelled_here(self, catalog: Catalog, reaper: Reaper, record: RunRecord, copy: str | None) -> bool:
        """Whether nobody else performs it, so that it could be ended from here."""
        hold = reaper.claim(record)
        if hold is None:
            return False
        try:
            if record.attempt == 0:  # it has not begun: there is nothing of it
                catalog.cancelled(record)
            else:
                self._erase(catalog, catalog.take(record, to="cancelling"), hold, url=copy)
        finally:
            hold.release()
        return True


def _copy_of(catalog: Catalog, record: RunRecord, url: str | None) -> str | None:
    """The address of a copy that the run may have left. Misuse where nobody can reach it without its password."""
    request = catalog.request(record.run_id)
    if not isinstance(request, LoadRequest) or request.on is None:
        if url is None:
            return None
        raise Misuse("this run rehearsed in no copy", where="--url", next="leave it out")
    if url is None and record.state not in ("lost", "failed"):  # whoever performs it removes its copy
        return None
    return whole(request.on, url, run=record.run_id)


def _require_not_done(record: RunRecord) -> None:
    if record.state == "done":
        takes_back = f"; migrator rollback {record.run_id} takes it back" if record.kind == "migration" else ""
        raise Misuse(
            "the run is done, and was not cancelled",
            where=record.run_id,
            next=f"migrator runs show {record.run_id} says what came of it{takes_back}",
        )


def _does_not_stop(record: RunRecord) -> Fault:
    return Fault(
        "the run was asked to stop, and has not yet",
        where=record.run_id,
        next=f"it stops as soon as what it waits for answers: migrator runs follow {record.run_id}",
    )
