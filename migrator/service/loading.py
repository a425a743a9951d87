"""Operations on a target: loading, rehearsing, verifying and taking back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mappings.model import Mapping
from migrator.contracts import Marker, ReadLimits, Target, Undone
from migrator.engine.check import MapCheck
from migrator.engine.claims import claimed
from migrator.engine.decisions import as_decided, save_decisions
from migrator.engine.laps import Laps
from migrator.engine.load import CHECKING, Identity, load
from migrator.engine.placing import Placing
from migrator.engine.prepare import room_for
from migrator.engine.revert import revert
from migrator.engine.seal import seal_parts
from migrator.engine.throwaway import throwaway
from migrator.engine.verify import verify
from migrator.engine.workbench import workbench
from migrator.outcomes import RunReport
from migrator.plan import Plan
from migrator.runs.catalog import Catalog
from migrator.runs.recorded import recorded
from migrator.runs.records import RunRecord, without_rows
from migrator.runs.told import Subject, load_report, rollback_report, verify_report
from migrator.service.rehearsing import Original, Rehearsing
from migrator.settings import tool
from storage.address import redacted, split
from storage.archive import Archive
from storage.errors import Fault, Misuse, Red
from storage.schema import Schema, Table
from storage.system import translated


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A run that came to its end: its record, its report, and where the report lies."""

    run: RunRecord
    report: RunReport
    report_path: Path


@dataclass(frozen=True, kw_only=True)
class Loading(Rehearsing):
    """Loads, what became of them, and the way back."""

    def rehearse(self, plan: Plan, archive: str | None, *, whole: bool = False, on: str | None = None) -> Finished:
        """Load and undo; with `on`, in an empty database that is given the target's tables, and loses them again."""
        if on is None:
            return self._load(plan, archive, rehearse=True, whole=whole)
        target = plan.needs_target()
        schema = self.targets(target.url).describe()
        # files would be put where the target keeps its own
        copied = replace(plan, target=replace(target, url=on, attachments=()))
        with throwaway(self.sources(target.url, ReadLimits()), schema.table_names, self.targets(on)) as lacking:
            self._require_fit(plan, archive)
            original = Original(tables=schema.tables, lacking=lacking)
            return self._load(copied, archive, rehearse=True, whole=whole, original=original)

    def migrate(self, plan: Plan, archive: str | None, *, whole: bool = False, waive: str | None = None) -> Finished:
        """Load for good, where a rehearsal lets it through or `waive` gives a reason to do without; Red otherwise."""
        return self._load(plan, archive, rehearse=False, whole=whole, waive=waive)

    def _require_fit(self, plan: Plan, location: str | None) -> None:
        """The map check against the target itself: its rows are in no copy."""
        archive, mapping, target = self._intact(plan, location), self.mapping(plan), plan.needs_target().url
        with workbench(room=room_for(archive, mapping)) as bench:
            _require_green(self._checked(bench, plan, archive, mapping, self.targets(target), self._files(plan)))

    def _load(
        self,
        plan: Plan,
        location: str | None,
        *,
        rehearse: bool,
        whole: bool,
        waive: str | None = None,
        original: Original | None = None,
    ) -> Finished:
        target = self.targets(plan.needs_target().url)
        archive, mapping, schema = self._intact(plan, location), self.mapping(plan), target.describe()
        tables = original.tables if original else schema.tables
        parts = seal_parts(plan, mapping, [archived.table for archived in archive.tables], tables)
        sealed = parts.seal
        self._refuse_twice(target, archive, sealed, rehearse=rehearse)
        with self._catalog() as catalog:
            waived = None if rehearse else self._let_through(catalog, plan, parts, waive)
            record = catalog.start(
                kind="rehearsal" if rehearse else "migration",
                plan=plan.name,
                tenant=plan.tenant,
                archive=archive.location,
                target=redacted(plan.needs_target().url),
                seal=sealed,
                plan_file=plan.file,
                waived=waived,
            )
            folder = self._folder(record)
            # a rehearsal never commits
            committed = partial(_holds, target, record.run_id) if not rehearse else _never
            room = workbench(room=room_for(archive, mapping))
            alone = self._alone(target, record, _written(plan, mapping, schema))
            with recorded(catalog, record, took_effect=committed) as recording, alone, room as bench:
                self._refuse_twice(target, archive, sealed, rehearse=rehearse)  # now that nobody else can load it
                folder.keep_words(plan, mapping.text)
                files = self._files(plan)
                self._take_back_left(catalog, files, target)
                laps = Laps()
                checked = self._checked(bench, plan, archive, mapping, target, files)
                laps.lap(CHECKING)
                _require_green(checked)
                assert checked.prepared is not None
                with translated(folder.path):
                    save_decisions(checked.prepared, folder.decisions, checked.notes)
                identity = Identity(
                    run=record.run_id, plan=plan.name, tenant=plan.tenant, archive=archive.location, seal=sealed
                )
                loaded = load(
                    checked.prepared,
                    target,
                    identity,
                    rehearse=rehearse,
                    whole=whole,
                    max_lock_seconds=plan.needs_target().max_lock_s,
                    triggers=plan.needs_target().triggers,
                    files=files,
                    progress=self.progress,
                )
                told = load_report(self._subject(record, plan), archive, checked, loaded)
                told = replace(
                    told,
                    seal_parts=parts,
                    timings=(*laps.timings, *told.timings),
                    notes=(*(original.lacking if original else ()), *told.notes),
                )
                admission = None if rehearse else self._admission(catalog, plan, parts, record)
                report = self._of_rehearsals(catalog, told, archive, admission)
                path = self._keep_report(catalog, report)
                recording.verdict = report.verdict
            return Finished(run=catalog.run(record.run_id), report=report, report_path=path)

    def _alone(self, target: Target, record: RunRecord, tables: Sequence[Table]) -> AbstractContextManager[None]:
        """No other run is at work on these tables, from what is decided about their rows to what is said of them."""
        patience = self.settings.patience_s
        return claimed(target, record.run_id, tables, patience_s=patience, progress=self.progress)

    def _take_back_left(self, catalog: Catalog, files: Placing, target: Target, *, but: str = "") -> None:
        """Files that killed runs of this catalog put there: their rows never came, or are gone again."""
        if not files.rules:
            return
        left = set(without_rows(catalog.runs())) - {but}  # before the markers: who commits meanwhile has one by then
        left -= {marker.run for marker in target.markers()}
        for journal in files.journals():
            if journal.run in left:
                files.take_back(journal.run, target)

    def _refuse_twice(self, target: Target, archive: Archive, sealed: str, *, rehearse: bool) -> None:
        """An archive, or a copy of it, is never loaded twice by the same seal, whatever happened to the catalog."""
        if rehearse:
            return
        ids = (archive.identity.archive_id, split(archive.location)[1])  # a folder may have been renamed
        for marker in target.markers():
            if split(marker.archive)[1] in ids and marker.seal == sealed:
                with suppress(Fault):  # where it was killed after its commit, nobody else has a reason to
                    target.sweep([marker.run])
                raise Red(
                    "this archive is already loaded by the same plan and mapping; nothing was changed",
                    where=marker.run,
                    next=f"migrator verify {marker.run}, or migrator rollback {marker.run} first",
                )

    def verify(self, run_id: str, *, deep: bool = False) -> Finished:
        """Re-read the target of a committed load and compare it with archive and mapping, from the start."""
        with self._catalog() as catalog:
            of = self._migration(catalog, run_id)
            folder = self._folder(of)
            plan = folder.plan(file=of.plan_file, variables=self.settings.variables)
            target = self.targets(plan.needs_target().url)
            self._marker(target, of)
            archive = self.archive(of.archive or "")
            mapping = folder.mapping()
            record = self._start_after(catalog, "verification", of)
            room = workbench(room=room_for(archive, mapping))
            with recorded(catalog, record) as recording, room as bench:
                decided, schema = folder.decisions, target.describe()
                prepared = as_decided(bench, archive, mapping, schema, decided, master=deep, progress=self.progress)
                files = self._files(plan)
                files.expect(prepared)
                found = verify(
                    prepared,
                    target,
                    files=tuple(files.compare(prepared, self.progress)),
                    read_from="csv" if deep else "parquet",
                    progress=self.progress,
                )
                report = verify_report(self._subject(record, plan), archive, prepared, found)
                path = self._keep_report(catalog, report)
                recording.verdict = report.verdict
            return Finished(run=catalog.run(record.run_id), report=report, report_path=path)

    def rollback(self, run_id: str, *, whole: bool = False) -> tuple[Finished, Undone]:
        """Take a committed load back; red where rows were kept or failed, and they are listed."""
        with self._catalog() as catalog:
            of = self._migration(catalog, run_id)
            plan = self._folder(of).plan(file=of.plan_file, variables=self.settings.variables)
            target, files = self.targets(plan.needs_target().url), self._files(plan)
            self._take_back_left(catalog, files, target, but=of.run_id)
            is_held = _holds(target, of.run_id)
            if not is_held:
                _settle_stopped(catalog, target, of)
            # a load or a rollback that was killed may have left files only
            is_left = of.state != "running" and files.knows(of.run_id) and not is_held
            marker = None if is_left else self._marker(target, of)
            told = self._folder(of).report()
            record = self._start_after(catalog, "rollback", of)
            alone = self._alone(target, record, [staged.table for staged in marker.tables] if marker else ())
            with recorded(catalog, record, took_effect=lambda: not _holds(target, of.run_id)) as recording, alone:
                reverted = revert(
                    target,
                    of.run_id,
                    by=record.run_id,
                    whole=whole or (marker is not None and marker.digest_whole is not None),
                    only_files=marker is None,
                    files=files,
                    progress=self.progress,
                )
                report = rollback_report(self._subject(record, plan), reverted.undone, reverted.files, told)
                path = self._keep_report(catalog, report)
                recording.verdict = report.verdict
            return Finished(run=catalog.run(record.run_id), report=report, report_path=path), reverted.undone

    def _migration(self, catalog: Catalog, run_id: str) -> RunRecord:
        record = catalog.run(run_id)
        if record.kind in ("verification", "rollback") and record.of_run:
            record = catalog.run(record.of_run)
        if record.kind != "migration":
            raise Misuse(
                f"a {record.kind} leaves nothing in a target", where=record.run_id, next="name the run of a migration"
            )
        return record

    def _marker(self, target: Target, record: RunRecord) -> Marker:
        """What the target itself says of the run: a load that never committed, or was taken back, has no marker."""
        for marker in target.markers():
            if marker.run == record.run_id:
                return marker
        raise Misuse(
            "the target holds no load of this run: it did not commit, or was taken back already",
            where=record.run_id,
            next="`migrator runs list` shows what became of it",
        )

    def _start_after(self, catalog: Catalog, kind: str, of: RunRecord) -> RunRecord:
        return catalog.start(
            kind=kind,
            plan=of.plan,
            tenant=of.tenant,
            archive=of.archive,
            target=of.target,
            seal=of.seal,
            of_run=of.run_id,
            plan_file=of.plan_file,
        )

    def _subject(self, record: RunRecord, plan: Plan) -> Subject:
        return Subject(record=record, source=redacted(plan.source.url) if plan.source else "", tool=tool())


def _written(plan: Plan, mapping: Mapping, schema: Schema) -> list[Table]:
    """The tables of the target that a load writes: by the mapping, and by triggers."""
    names = {*(table.name for table in mapping.tables), *plan.needs_target().triggers.writes}
    return [table for table in schema.tables if table.name in names]


def _never() -> bool:
    return False


def _settle_stopped(catalog: Catalog, target: Target, of: RunRecord) -> None:
    """Who took the load back and was stopped before it was noted left word of it there."""
    for run in catalog.runs(kind="rollback"):
        if run.of_run == of.run_id and run.state not in ("running", "done"):
            target.settle(run.run_id)


def _holds(target: Target, run: str) -> bool:
    """Whether the run's load stands in the target."""
    return any(marker.run == run for marker in target.markers())


def _require_green(checked: MapCheck) -> None:
    if checked.problems:
        worst = checked.problems[0]
        raise Red(
            f"map check is red with {len(checked.problems)} problem(s); first: {worst.what}",
            where=worst.where,
            next=worst.next,
            problems=checked.problems,
        )
