"""What rehearsals are for: one lets a migration through, and says what it will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from migrator.outcomes import Admission, RehearsalBefore, RunReport, SealParts, Verdict
from migrator.plan import Plan
from migrator.runs.catalog import Catalog
from migrator.runs.gate import Gate, gate, rehearsals
from migrator.runs.records import RunRecord
from migrator.runs.rehearsals import compared, forecast, held_against, is_measured, scaled
from migrator.service.records import Records
from storage.archive import Archive
from storage.errors import MigratorError
from storage.problem import Problem
from storage.schema import Table


@dataclass(frozen=True, kw_only=True)
class Original:
    """What a copy is made of to rehearse in: the target's own tables, and what of them the copy lacks."""

    tables: tuple[Table, ...]
    lacking: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class Rehearsing(Records):
    """The gate, and what reports say of rehearsals."""

    def _let_through(self, catalog: Catalog, plan: Plan, parts: SealParts, waive: str | None) -> str:
        """Why a migration of this seal needs no rehearsal; "" where the last one vouches for it. Red otherwise."""
        return self._gate_now(catalog, plan, parts).admit(plan.file, waive).waived

    def _gate_now(self, catalog: Catalog, plan: Plan, parts: SealParts) -> Gate:
        found = rehearsals(catalog.runs(plan=plan.name), plan.tenant)
        return self._gate(catalog, found, plan, parts, datetime.now(UTC))

    def _admission(self, catalog: Catalog, plan: Plan, parts: SealParts, run: RunRecord) -> Admission:
        """What this migration was let through by when it began, whatever was rehearsed since."""
        began = datetime.fromisoformat(run.started_at)
        found = rehearsals(catalog.runs(plan=plan.name), plan.tenant, by=began)
        return self._gate(catalog, found, plan, parts, began).admission(run.waived or "")

    def _gate(self, catalog: Catalog, found: Sequence[RunRecord], plan: Plan, parts: SealParts, now: datetime) -> Gate:
        told_of = partial(self._told_of, catalog)
        return gate(found, parts, plan.needs_target().rehearsal_max_age, told_of, now=now)

    def _of_rehearsals(
        self, catalog: Catalog, report: RunReport, archive: Archive, admission: Admission | None
    ) -> RunReport:
        """The report of a load, with what rehearsals make of it."""
        rows = sum(archived.rows for archived in archive.tables)
        if admission is None:
            found = forecast(report, rows, self._rollback_before(catalog, report))
            return replace(report, forecast=found, rehearsal_before=self._before(catalog, report))
        rehearsed = self._told_of(catalog, admission.rehearsal) if admission.rehearsal else None
        forecasted = rehearsed.forecast if rehearsed else None
        compared_with_it = held_against(scaled(forecasted, rows), report.timings) if forecasted else None
        return replace(report, admission=admission, forecast=compared_with_it)

    def _rollback_before(self, catalog: Catalog, report: RunReport) -> RunReport | None:
        """The newest that says how long taking a load of this plan back takes."""
        runs = reversed(catalog.runs(plan=report.plan, kind="rollback"))
        green = (run for run in runs if (run.tenant, run.verdict) == (report.tenant, Verdict.GREEN))
        told = (self._told_of(catalog, run.run_id) for run in green)
        return next((found for found in told if found and is_measured(found)), None)

    def _before(self, catalog: Catalog, report: RunReport) -> RehearsalBefore | None:
        for run in rehearsals(catalog.runs(plan=report.plan), report.tenant):
            if run.run_id != report.run and (before := self._told_of(catalog, run.run_id)):
                return compared(report, before)
        return None

    def _told_of(self, catalog: Catalog, run_id: str) -> RunReport | None:
        """A rehearsal's report where it can be read: no load is to fail for want of it."""
        try:
            return self._brought(catalog, catalog.run(run_id)).report()
        except MigratorError:
            return None
