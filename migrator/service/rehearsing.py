"""What rehearsals are for: one lets a migration through, and says what it will take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from migrator.outcomes import Admission, RehearsalBefore, RunReport, SealParts
from migrator.plan import Plan
from migrator.runs.catalog import Catalog
from migrator.runs.gate import gate, rehearsals
from migrator.runs.records import RunRecord
from migrator.runs.rehearsals import compared, forecast, held_against, scaled
from migrator.service.records import Records
from storage.archive import Archive
from storage.errors import Misuse


@dataclass(frozen=True, kw_only=True)
class Rehearsing(Records):
    """The gate, and what reports say of rehearsals."""

    def _admitted(self, catalog: Catalog, plan: Plan, parts: SealParts, waive: str | None) -> Admission:
        """What a migration of this seal is let through by. Red where the last rehearsal does not vouch for it."""
        found = rehearsals(catalog.runs(plan=plan.name), plan.tenant)
        max_age, now = plan.needs_target().rehearsal_max_age, datetime.now(UTC)
        return gate(found, parts, max_age, self._told_of, now=now).admit(plan.file, waive)

    def _of_rehearsal(self, catalog: Catalog, report: RunReport, archive: Archive) -> RunReport:
        """With the forecast of the migration, and what differs from the rehearsal before."""
        before = self._before(catalog, report)
        return replace(report, forecast=forecast(report, _rows(archive)), rehearsal_before=before)

    def _before(self, catalog: Catalog, report: RunReport) -> RehearsalBefore | None:
        for run in rehearsals(catalog.runs(plan=report.plan), report.tenant):
            if run.run_id != report.run and (before := self._told_of(run)):
                return compared(report, before)
        return None

    def _of_migration(self, catalog: Catalog, report: RunReport, archive: Archive, admission: Admission) -> RunReport:
        """With what let it through, and how it stands to the forecast."""
        rehearsed = self._told_of(catalog.run(admission.rehearsal)) if admission.rehearsal else None
        if rehearsed is None or rehearsed.forecast is None:
            return replace(report, admission=admission)
        found = held_against(scaled(rehearsed.forecast, _rows(archive)), report.timings)
        return replace(report, admission=admission, forecast=found)

    def _told_of(self, run: RunRecord) -> RunReport | None:
        """A rehearsal's report where it lies here, and can be read: no load is to fail for want of it."""
        try:
            return self._folder(run).report()
        except Misuse:
            return None


def _rows(archive: Archive) -> int:
    return sum(archived.rows for archived in archive.tables)
