"""A load that is accepted: nothing takes it back from then on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from migrator.contracts import Closed, Target
from migrator.engine.accept import accept
from migrator.engine.load import stands
from migrator.outcomes import Steps, Verdict
from migrator.runs.catalog import Catalog
from migrator.runs.recorded import Recording
from migrator.runs.records import RunRecord
from migrator.runs.request import ClosingRequest, Request, RollbackRequest
from migrator.service.afterwards import Afterwards, is_taken_back, work_on
from migrator.service.performing import Work, itself


@dataclass(frozen=True, kw_only=True)
class Closing(Afterwards):
    """The end of the way back."""

    def close(self, run_id: str) -> tuple[RunRecord, Closed]:
        """Accept a load for good: its journals leave the target, and nothing takes it back any more."""
        with self._catalog() as catalog:
            request = ClosingRequest(of_run=self._migration(catalog, run_id).run_id)
            return self._begin(catalog, request, self._closing(catalog, request))

    def _closing(self, catalog: Catalog, request: ClosingRequest) -> Work[Closed]:
        of = self._migration(catalog, request.of_run)
        plan = self._plan_of(catalog, of)
        target, files = self.targets(plan.needs_target().url), self._files(plan)
        marker = self._marker(target, plan, of)

        def perform(recording: Recording, steps: Steps) -> Closed:
            with self._alone(target, recording.run, [staged.table for staged in marker.tables]):
                closed = accept(target, of.run_id, by=recording.run.run_id, files=files, steps=steps)
            recording.verdict = Verdict.GREEN
            return closed

        return replace(
            work_on(of, "closing", perform, self._store_of(plan)),
            answer=itself,
            took_effect=lambda _record: _is_closed(target, of),
        )

    def _took_effect(self, catalog: Catalog, record: RunRecord, request: Request) -> bool:
        if not isinstance(request, RollbackRequest | ClosingRequest):
            return super()._took_effect(catalog, record, request)
        of = self._migration(catalog, request.of_run)
        ended_by = catalog.endings([of.run_id]).get(of.run_id)
        if ended_by is not None:  # by another one: this came too late
            return ended_by.run_id == record.run_id
        target = self.targets(self._plan_of(catalog, of).needs_target().url)
        is_closing = isinstance(request, ClosingRequest)
        return _is_closed(target, of) if is_closing else is_taken_back(target, of, by=record)


def _is_closed(target: Target, of: RunRecord) -> bool:
    standing = stands(target, of.run_id)
    return standing is not None and standing.closed_at is not None
