"""What a run that is given up left: in the store, in the target, and among the steps that are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from migrator.contracts import Target
from migrator.engine.accept import ACCEPTING
from migrator.engine.left import erase_left
from migrator.engine.restore import REBUILDING
from migrator.engine.revert import TAKING_BACK
from migrator.engine.throwaway import clear
from migrator.runs.catalog import Catalog
from migrator.runs.liveness.heart import Heart
from migrator.runs.liveness.holds import Hold
from migrator.runs.records import RunRecord
from migrator.runs.request import LoadRequest, Request, SnapshotRequest
from migrator.service.addresses import needs_password, require_same_place
from migrator.service.opening import Opening
from storage.errors import MigratorError, Misuse, Parked
from storage.run_documents import forget_documents

_FOR_GOOD = {
    "restore": (REBUILDING, "the archive's tables stand"),
    "rollback": (TAKING_BACK, "the load is taken back"),
    "closing": (ACCEPTING, "the load is accepted for good"),
}
"""By the kind of a run, the step that changes its target for good, and what is so then."""


@dataclass(frozen=True, kw_only=True)
class Erasing(Opening):
    """The end of a run that shall not be resumed."""

    def _erase(
        self,
        catalog: Catalog,
        record: RunRecord,
        hold: Hold,
        *,
        url: str | None = None,
        took_effect: Callable[[], bool] = lambda: False,
    ) -> None:
        """What the run left goes, then it is recorded as cancelled. By whoever holds its lock, and took it to that end.

        Whoever is killed meanwhile leaves it to be cancelled once more. `url` is the address of a rehearsal's copy,
        with its password; the process that made the copy removes it itself. Misuse where the run has changed its target
        for good; of a restore, only whoever performed it knows before that is recorded, and says so by `took_effect`.
        """
        try:
            with Heart(catalog=catalog, record=record, hold=hold, pace=self.pace).beating():
                if request := catalog.request(record.run_id):
                    serving = self._serving(record)
                    is_restored = record.kind == "restore" and took_effect()
                    if is_restored or serving._took_effect(catalog, record, request):
                        raise _stands(record)
                    serving._erase_traces(record, request, url)
        except KeyboardInterrupt:
            raise _half_erased(record) from None
        except MigratorError as error:
            catalog.fail(record, error)
            raise
        catalog.cancelled(record)

    def _took_effect(self, catalog: Catalog, record: RunRecord, request: Request) -> bool:
        """Whether the target says that this rollback or closing has changed it, recorded or not; of a load, that is
        looked at as it is erased."""
        return False

    def _erase_traces(self, record: RunRecord, request: Request, url: str | None) -> None:
        from migrator.runs.durable import durable  # slow to import

        match request:
            case SnapshotRequest():
                plan = self.read_plan(request.plan)
                erase_left(self._source(plan), self._store(plan), record.run_id)
                forget_documents(self._store(plan), record.run_id)
            case LoadRequest(on=None):
                self._erase_load(record, request)
            case LoadRequest(on=str() as on) if url or not needs_password(on):
                clear(self.targets(url or on))
        with durable(self.settings.durable_url) as runs:
            _require_undone(record, runs.finished(record.run_id))
            runs.forget(record.run_id)

    def _erase_load(self, record: RunRecord, request: LoadRequest) -> None:
        plan = self.read_plan(request.plan)
        target, files = self.targets(plan.needs_target().url), self._files(plan)
        _require_not_committed(target, record)
        require_same_place(record, plan.needs_target().url)
        target.sweep([record.run_id], are_over=True)
        _require_not_committed(target, record)  # a session that hung may have been at its commit when it was ended
        if files.rules and files.knows(record.run_id):
            files.take_back(record.run_id, target)
        forget_documents(self._store(plan), record.run_id)


def _require_not_committed(target: Target, record: RunRecord) -> None:
    if any(marker.run == record.run_id for marker in target.markers()):
        raise Misuse(
            "the load was committed before: it stands, and was not cancelled",
            where=record.run_id,
            next=f"migrator runs resume {record.run_id} verifies it; then migrator rollback takes it back",
        )


def _half_erased(record: RunRecord) -> Parked:
    return Parked(
        "interrupted while what the run left was erased: some of it is there still",
        where=record.run_id,
        next=f"migrator runs cancel {record.run_id} erases the rest, or a worker does",
    )


def _require_undone(record: RunRecord, finished: Sequence[str]) -> None:
    """Misuse where one of these steps has changed the target for good."""
    if record.kind in _FOR_GOOD and _FOR_GOOD[record.kind][0] in finished:
        raise _stands(record)


def _stands(record: RunRecord) -> Misuse:
    return Misuse(
        f"{_FOR_GOOD[record.kind][1]}, and the run was not cancelled",
        where=record.run_id,
        next=f"migrator runs resume {record.run_id} brings it to its end",
    )
