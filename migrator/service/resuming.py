"""Runs that did not come to their end, performed again from where they stopped."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

from migrator.contracts import Closed
from migrator.engine.restore import Restored
from migrator.engine.snapshot import Snapshot
from migrator.runs.catalog import Catalog
from migrator.runs.liveness.holds import Hold
from migrator.runs.records import RunRecord
from migrator.runs.request import (
    ClosingRequest,
    LoadRequest,
    Request,
    RestoreRequest,
    RollbackRequest,
    SnapshotRequest,
    VerificationRequest,
)
from migrator.service.addresses import whole
from migrator.service.archiving import Archiving
from migrator.service.closing import Closing
from migrator.service.loading import OpenedLoad, Reported, holds
from migrator.service.performing import Work
from storage.errors import Misuse

Result = Snapshot | Restored | Reported | Closed
_RESUMABLE = ("parked", "failed", "lost")


@dataclass(frozen=True, kw_only=True)
class Resuming(Archiving, Closing):
    """The next attempt."""

    def resume(self, run_id: str, *, url: str | None = None) -> tuple[RunRecord, Result]:
        """Go on with a run that was parked, failed or lost its process; what it had finished is not done again.

        `url` is the address of a restore, where it holds a password. Gives what the run finds at its end, as its
        operation would have. Misuse where there is nothing to resume.
        """
        with self._catalog() as catalog:
            record = catalog.run(run_id)
            _require_resumable(record)
            with closing(self._locks()) as locks:
                hold = self._reaper(catalog, locks).needs(record)
                try:
                    return self._resumed(catalog, record, hold, url)
                finally:
                    hold.release()

    def requeue(self, run_id: str) -> RunRecord:
        """Leave the next attempt to whichever worker takes it. Misuse where there is nothing to resume."""
        with self._catalog() as catalog:
            record = catalog.run(run_id)
            _require_resumable(record)
            asked(catalog, record)
            if not catalog.move(record, to="queued"):
                raise Misuse("somebody else goes on with this run already", where=run_id, next="follow it")
            return catalog.run(run_id)

    def _resumed(
        self, catalog: Catalog, record: RunRecord, hold: Hold, url: str | None = None
    ) -> tuple[RunRecord, Result]:
        """By whoever holds the run's lock."""
        request, serving = asked(catalog, record), self._serving(record)
        return serving._go_on(catalog, record, hold, lambda: serving._work(catalog, record, request, url))

    def _read_asked(self, catalog: Catalog, record: RunRecord) -> None:
        """Read the plan that the run is about, as whoever performs it does."""
        request, serving = asked(catalog, record), self._serving(record)
        match request:
            case SnapshotRequest() | LoadRequest():
                serving.read_plan(request.plan)
            case VerificationRequest() | RollbackRequest() | ClosingRequest():
                serving._plan_of(catalog, serving._migration(catalog, request.of_run))

    def _work(self, catalog: Catalog, record: RunRecord, request: Request, url: str | None) -> Work[Any]:
        if isinstance(request, LoadRequest):
            _require_no_copy(record, request)
        if url is not None and not isinstance(request, RestoreRequest):
            raise Misuse("this run has no address of its own", where="--url", next="leave it out: its plan names it")
        match request:
            case SnapshotRequest():
                return self._snapshot(catalog, request)
            case LoadRequest():
                plan = self.read_plan(request.plan)
                opened = self._opened_load(request, plan, but=record.run_id)
                if _is_asked_again(record, opened):
                    self._let_through(catalog, plan, opened.parts, record.waived)
                return self._load_work(catalog, opened)
            case VerificationRequest():
                return self._verification(catalog, request)
            case RollbackRequest():
                return self._rollback(catalog, request, resumes=True)
            case ClosingRequest():
                return self._closing(catalog, request)
            case RestoreRequest():
                return self._restore(request, self.address(whole(request.url, url, run=record.run_id)))


def asked(catalog: Catalog, record: RunRecord) -> Request:
    request = catalog.request(record.run_id)
    if request is None:
        raise Misuse(
            f"what this {record.kind} was asked for is not kept: nobody can go on with it",
            where=record.run_id,
            next="give the command again",
        )
    return request


def _require_resumable(record: RunRecord) -> None:
    if record.state in _RESUMABLE:
        return
    what, next_ = {
        "running": (f"the run is under way, on {record.host}", "wait for it, or stop it there first"),
        "cancelling": ("somebody cancelled the run, and what it left is being erased", "give the command again"),
        "queued": ("the run has not begun", "start a worker: it begins what is queued"),
        "cancelled": ("the run was cancelled, and its traces are gone", "give the command again"),
    }.get(record.state, ("the run is done", "give the command again to do it once more"))
    if record.verdict == "red":
        what = "the run came to its end, and its answer is red: that is not resumed"
        next_ = "mend what it found (migrator runs show), then give the command again"
    raise Misuse(what, where=record.run_id, next=next_)


def _is_asked_again(record: RunRecord, opened: OpenedLoad) -> bool:
    """Whether the gate is: a migration that lay for a while, and has committed nothing, may have lost its rehearsal.

    Who takes over from a process that died goes on by what that was let through by.
    """
    has_lain = record.state in ("parked", "failed") or record.attempt == 0
    is_as_it_was = opened.parts.seal == record.seal  # else that is what is told
    return has_lain and is_as_it_was and not opened.request.rehearse and not holds(opened.target, record.run_id)


def _require_no_copy(record: RunRecord, request: LoadRequest) -> None:
    if request.on is not None:
        raise Misuse(
            "a rehearsal in a copy is not resumed: its copy lives as long as the command that made it",
            where=record.run_id,
            next="give the command again: it removes what is left of that copy, and makes another",
        )
