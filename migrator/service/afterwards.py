"""What became of a load: verified once more, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from migrator.contracts import Target, Undone
from migrator.engine.decisions import as_decided
from migrator.engine.laps import Laps
from migrator.engine.load import stands
from migrator.engine.placing import Placing
from migrator.engine.prepare import room_for
from migrator.engine.revert import TAKING_BACK, revert
from migrator.engine.verify import verify
from migrator.engine.workbench import workbench
from migrator.outcomes import Steps
from migrator.plan import Plan
from migrator.runs.catalog import Catalog
from migrator.runs.recorded import Recording
from migrator.runs.records import RunRecord
from migrator.runs.request import LoadRequest, RollbackRequest, VerificationRequest
from migrator.runs.told import rollback_report, verify_report
from migrator.service.addresses import require_same_place
from migrator.service.loading import Finished, Loading, Reported, holds
from migrator.service.performing import Result, Work
from storage.schema import Table


@dataclass(frozen=True, kw_only=True)
class Afterwards(Loading):
    """What became of loads, and the way back."""

    def verify(self, run_id: str, *, deep: bool = False) -> Finished:
        """Re-read the target of a committed load and compare it with archive and mapping, from the start."""
        with self._catalog() as catalog:
            request = VerificationRequest(of_run=self._migration(catalog, run_id).run_id, deep=deep)
            return Finished.of(*self._begin(catalog, request, self._verification(catalog, request)))

    def _verification(self, catalog: Catalog, request: VerificationRequest) -> Work[Reported]:
        of = self._migration(catalog, request.of_run)
        plan, folder = self._plan_of(catalog, of), self._brought(catalog, of)
        target, files = self.targets(plan.needs_target().url), self._files(plan)
        marker = self._marker(target, plan, of)
        archive, mapping = self.archive(of.archive or ""), folder.mapping()

        def perform(recording: Recording, steps: Steps) -> Reported:
            tables = [staged.table for staged in marker.tables]
            with self._alone(target, recording.run, tables), workbench(room=room_for(archive, mapping)) as bench:
                standing = self._marker(target, plan, of)  # whoever had the tables may have taken it back
                prepared = as_decided(
                    bench,
                    archive,
                    mapping,
                    target.describe(),
                    folder.decisions,
                    master=request.deep,
                    progress=self.progress,
                )
                files.expect(prepared)
                found = verify(
                    prepared,
                    target,
                    files=tuple(files.compare(prepared, self.progress)),
                    read_from="csv" if request.deep else "parquet",
                    after=standing.taken_back_by,
                    steps=steps,
                    progress=self.progress,
                )
                report = verify_report(self._subject(recording.run, plan), archive, prepared, found)
            recording.verdict = report.verdict
            return Reported(report=report, report_path=self._keep_report(catalog, report))

        return work_on(of, "verification", perform, self._store_of(plan))

    def rollback(self, run_id: str, *, whole: bool = False) -> tuple[Finished, Undone]:
        """Take a committed load back; red where rows were kept or failed, and they are listed."""
        with self._catalog() as catalog:
            request = RollbackRequest(of_run=self._migration(catalog, run_id).run_id, whole=whole)
            record, found = self._begin(catalog, request, self._rollback(catalog, request))
            assert found.undone is not None
            return Finished.of(record, found), found.undone

    def _rollback(self, catalog: Catalog, request: RollbackRequest, *, resumes: bool = False) -> Work[Reported]:
        """`resumes` where an earlier attempt may have taken the rows back already."""
        of = self._migration(catalog, request.of_run)
        plan = self._plan_of(catalog, of)
        target, files = self.targets(plan.needs_target().url), self._files(plan)
        self._take_back_left(catalog, files, target, but=of.run_id)
        is_held = holds(target, of.run_id)
        if not is_held:
            require_same_place(of, plan.needs_target().url)
            if not resumes:
                _settle_stopped(catalog, target, of)
        # a load or a rollback that was killed may have left files only
        is_left = of.state != "running" and files.knows(of.run_id) and not is_held
        marker = None if is_left or (resumes and not is_held) else self._marker(target, plan, of)
        told = self._brought(catalog, of).report()

        def perform(recording: Recording, steps: Steps) -> Reported:
            tables = [staged.table for staged in marker.tables] if marker else _of_files(target, files)
            with self._alone(target, recording.run, tables):
                laps = Laps()
                reverted = revert(
                    target,
                    of.run_id,
                    by=recording.run.run_id,
                    whole=request.whole or (marker is not None and marker.digest_whole is not None),
                    only_files=is_left,
                    files=files,
                    steps=steps,
                    progress=self.progress,
                )
                laps.lap(TAKING_BACK, reverted.undone.reversed)
                if not reverted.undone.kept + reverted.undone.failed:
                    _settle_stopped(catalog, target, of)  # nobody needs to be told of less any more
                report = rollback_report(self._subject(recording.run, plan), reverted.undone, reverted.files, told)
                if steps.attempt == 1:  # else an earlier attempt did some of it
                    report = replace(report, timings=laps.timings)
                recording.verdict = report.verdict
                path = self._keep_report(catalog, report)
            return Reported(report=report, report_path=path, undone=reverted.undone)

        return replace(
            work_on(of, "rollback", perform, self._store_of(plan)),
            answer=lambda found: found.undone,
            took_effect=lambda record: is_taken_back(target, of, by=record),
        )

    def _plan_of(self, catalog: Catalog, of: RunRecord) -> Plan:
        """As the load was told it; older versions kept it in the run's folder alone."""
        asked = catalog.request(of.run_id)
        if isinstance(asked, LoadRequest):
            return self.read_plan(asked.plan)
        return self._brought(catalog, of).plan(file=of.plan_file, variables=self.settings.variables)


def is_taken_back(target: Target, of: RunRecord, *, by: RunRecord) -> bool:
    """Whether that rollback has changed the target, though it may have had to leave rows."""
    marker = stands(target, of.run_id)
    return marker is None or marker.taken_back_by == by.run_id


def _of_files(target: Target, files: Placing) -> list[Table]:
    """The tables whose rows name files: whoever takes files back asks them, and nobody else is to load them then."""
    names = {rule.table for rule in files.rules}
    return [table for table in target.describe().tables if table.name in names]


def _settle_stopped(catalog: Catalog, target: Target, of: RunRecord) -> None:
    """Who took the load back and was stopped before it was noted left word of it there."""
    for run in catalog.runs(kind="rollback", of_run=of.run_id):
        if run.state not in ("running", "done"):
            target.settle(run.run_id)


def work_on(of: RunRecord, kind: str, perform: Callable[[Recording, Steps], Result], store: str) -> Work[Result]:
    """Work on a load that was made: its run says what it is about."""
    return Work(
        kind=kind,
        plan=of.plan,
        tenant=of.tenant,
        archive=of.archive,
        target=of.target,
        seal=of.seal,
        of_run=of.run_id,
        plan_file=of.plan_file,
        perform=perform,
        store=store,
    )
