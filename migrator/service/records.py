"""What is kept of runs: their records and reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from migrator import reports
from migrator.outcomes import RunReport
from migrator.runs.catalog import Catalog
from migrator.runs.folder import RunFolder
from migrator.runs.records import RunRecord
from migrator.runs.transfer import Transferred, transfer
from migrator.service.opening import Opening
from storage.errors import Misuse
from storage.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Records(Opening):
    """Runs and their reports."""

    def _keep_report(self, catalog: Catalog, report: RunReport) -> Path:
        folder = RunFolder(path=self.settings.run_folder(report.run))
        for format, path, content in folder.write_report(report):
            catalog.record_report(report.run, format=format, path=str(path), content=content)
        return folder.page

    def report(self, run_id: str, format: str) -> bytes:
        """A finished run's report, rendered anew from its JSON."""
        with self._catalog() as catalog:
            record = catalog.run(run_id)
        report = self._folder(record).report()
        if report is None:
            raise Misuse(
                f"there is no report of this {record.kind}",
                where=record.run_id,
                next=f"it lies on {record.host}, where it ran" if record.verdict else "it did not come to its end",
            )
        return reports.render(report, format)

    def runs(self) -> tuple[RunRecord, ...]:
        with self._catalog() as catalog:
            return catalog.runs()

    def run(self, run_id: str) -> RunRecord:
        with self._catalog() as catalog:
            return catalog.run(run_id)

    def told(self, record: RunRecord) -> tuple[Problem, ...]:
        """What the operator of a snapshot was told of other tenants, where it ran on this machine."""
        return self._folder(record).told()

    def import_runs(self, catalog: Path) -> Transferred:
        """Another catalog's records into this one."""
        return transfer(catalog.absolute(), self.settings.catalog_url)
