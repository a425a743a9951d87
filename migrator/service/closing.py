"""A load that is accepted: nothing takes it back from then on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from migrator.contracts import Closed
from migrator.engine.accept import accept
from migrator.engine.load import stands
from migrator.outcomes import Steps, Verdict
from migrator.runs.catalog import Catalog
from migrator.runs.recorded import Recording
from migrator.runs.records import RunRecord
from migrator.runs.request import ClosingRequest
from migrator.service.afterwards import Afterwards, work_on
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

        def is_closed(_record: RunRecord) -> bool:
            standing = stands(target, of.run_id)
            return standing is not None and standing.closed_at is not None

        return replace(work_on(of, "closing", perform, self._store_of(plan)), answer=itself, took_effect=is_closed)
