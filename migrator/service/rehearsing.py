"""What rehearsals are for: one lets a migration through, and says what it will take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from migrator.outcomes import Admission, RehearsalBefore, RunReport, SealParts
from migrator.plan import Plan
from migrator.runs.catalog import Catalog
from migrator.runs.folder import RunFolder
from migrator.runs.gate import gate, rehearsals
from migrator.runs.rehearsals import compared, forecast, held_against, scaled
from migrator.service.records import Records
from storage.archive import Archive
from storage.errors import Misuse
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

    def _admitted(self, catalog: Catalog, plan: Plan, parts: SealParts, waive: str | None) -> Admission:
        """What a migration of this seal is let through by. Red where the last rehearsal does not vouch for it."""
        found = rehearsals(catalog.runs(plan=plan.name), plan.tenant)
        max_age, now = plan.needs_target().rehearsal_max_age, datetime.now(UTC)
        return gate(found, parts, max_age, self._told_of, now=now).admit(plan.file, waive)

    def _of_rehearsals(
        self, catalog: Catalog, report: RunReport, archive: Archive, admission: Admission | None
    ) -> RunReport:
        """The report of a load, with what rehearsals make of it."""
        rows = sum(archived.rows for archived in archive.tables)
        if admission is None:
            return replace(report, forecast=forecast(report, rows), rehearsal_before=self._before(catalog, report))
        rehearsed = self._told_of(admission.rehearsal) if admission.rehearsal else None
        found = rehearsed.forecast if rehearsed else None
        compared_with_it = held_against(scaled(found, rows), report.timings) if found else None
        return replace(report, admission=admission, forecast=compared_with_it)

    def _before(self, catalog: Catalog, report: RunReport) -> RehearsalBefore | None:
        for run in rehearsals(catalog.runs(plan=report.plan), report.tenant):
            if run.run_id != report.run and (before := self._told_of(run.run_id)):
                return compared(report, before)
        return None

    def _told_of(self, run_id: str) -> RunReport | None:
        """A rehearsal's report where it lies here, and can be read: no load is to fail for want of it."""
        try:
            return RunFolder(path=self.settings.run_folder(run_id)).report()
        except Misuse:
            return None
