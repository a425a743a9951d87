"""What is kept of runs: their records and reports."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrator import reports
from migrator.outcomes import RunReport
from migrator.runs.brought import bring, require_trusted
from migrator.runs.catalog import Catalog
from migrator.runs.folder import RunFolder
from migrator.runs.kept import attempt_of, read
from migrator.runs.portion import EVERY, Portion
from migrator.runs.records import ArchiveRecord, RunRecord
from migrator.runs.request import LoadRequest, RestoreRequest, RollbackRequest, SnapshotRequest, VerificationRequest
from migrator.runs.transfer import Transferred, transfer
from migrator.service.belongings import BELONGINGS
from migrator.service.opening import Opening
from storage.errors import Misuse
from storage.location import open_store, split_archive
from storage.problem import Problem
from storage.run_documents import RunDocuments
from storage.seal import SigningKeys


@dataclass(frozen=True, kw_only=True)
class Records(Opening):
    """Runs and their reports."""

    def _keep_report(self, catalog: Catalog, report: RunReport) -> Path:
        folder = RunFolder(path=self.settings.run_folder(report.run))
        for format, path, content in folder.write_report(report):
            catalog.record_report(report.run, format=format, path=str(path), content=content)
        return folder.page

    def _brought(self, catalog: Catalog, record: RunRecord) -> RunFolder:
        """The run's folder; where an attempt on another machine came after it, as the store keeps it. Red where that
        was signed by somebody else."""
        folder = self._folder(record)
        here = attempt_of(folder.path)
        if here >= record.attempt or (store := self._kept_in(catalog, record)) is None:
            return folder
        documents = RunDocuments.find(open_store(store, self.settings.accounts), record.run_id)
        if documents is not None:
            own = SigningKeys.load(self.settings.keys)
            require_trusted(documents, [own.fingerprint] if own else [])
            if read(documents).record.attempt > here:
                bring(documents, folder.path)
        return folder

    def _kept_in(self, catalog: Catalog, record: RunRecord) -> str | None:
        """The store that keeps what became of the run, by the way this machine has there."""
        match catalog.request(record.run_id):
            case SnapshotRequest(plan=plan) | LoadRequest(plan=plan):
                return self._store_of(self.read_plan(plan))
            case RestoreRequest(archive=archive):
                return split_archive(archive)[0]
            case VerificationRequest(of_run=of_run) | RollbackRequest(of_run=of_run):
                return self._kept_in(catalog, catalog.run(of_run))
        return None

    def report(self, run_id: str, format: str) -> bytes:
        """A finished run's report, rendered anew from its JSON."""
        return reports.render(self.reported(run_id), format)

    def reported(self, run_id: str) -> RunReport:
        """A finished run's report as it was written. Misuse where there is none here."""
        with self._catalog() as catalog:
            record = catalog.run(run_id)
            report = self._serving(record)._brought(catalog, record).report()
        if report is None:
            raise Misuse(
                f"there is no report of this {record.kind}",
                where=record.run_id,
                next=f"it lies on {record.host}, where it ran" if record.verdict else "it did not come to its end",
            )
        return report

    def runs(
        self,
        *,
        plan: str | None = None,
        kind: str | None = None,
        states: Collection[str] = (),
        of_run: str | None = None,
        portion: Portion = EVERY,
    ) -> tuple[RunRecord, ...]:
        """Every run, oldest first, of one plan or kind, in these states or about one load where asked."""
        with self._catalog() as catalog:
            return catalog.runs(plan=plan, kind=kind, states=states, of_run=of_run, portion=portion)

    def endings(self, loads: Collection[str]) -> dict[str, RunRecord]:
        """By the load, what took it back or accepted it for good; nothing of one that stands."""
        with self._catalog() as catalog:
            return catalog.endings(loads)

    def newest_runs(self, *, portion: Portion = EVERY) -> tuple[RunRecord, ...]:
        """Of each tenant, plan and kind the run that was begun last, oldest first."""
        with self._catalog() as catalog:
            return catalog.newest_runs(portion=portion)

    def run(self, run_id: str) -> RunRecord:
        with self._catalog() as catalog:
            return catalog.run(run_id)

    def answer(self, run_id: str) -> dict[str, Any]:
        """What a run came to beside its report, where it was asked for on a server (`runs.answers`)."""
        with self._catalog() as catalog:
            return catalog.answer(run_id)

    def find_run(self, run_id: str) -> RunRecord | None:
        """The run of exactly this id."""
        with self._catalog() as catalog:
            return catalog.find(run_id)

    def archives(self, tenant: str | None = None, *, portion: Portion = EVERY) -> tuple[ArchiveRecord, ...]:
        """Every archive the catalog knows, oldest first, of one tenant where asked."""
        with self._catalog() as catalog:
            return catalog.archives(tenant=tenant, portion=portion)

    def newest_archives(self, *, portion: Portion = EVERY) -> tuple[ArchiveRecord, ...]:
        """Of each tenant the archive that was taken last."""
        with self._catalog() as catalog:
            return catalog.newest_archives(portion=portion)

    def find_archive(self, archive_id: str) -> ArchiveRecord | None:
        with self._catalog() as catalog:
            return catalog.find_archive(archive_id)

    def told(self, record: RunRecord) -> tuple[Problem, ...]:
        """What the operator of a snapshot was told of other tenants, where it ran on this machine."""
        return self._folder(record).told()

    def import_runs(self, catalog: Path) -> Transferred:
        """Another catalog's records into this one."""
        return transfer(catalog.absolute(), self.settings.catalog_url, also=BELONGINGS)
