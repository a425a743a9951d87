"""Operations on a target: loading, and rehearsing a load."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mappings.load import load_mapping
from mappings.model import Mapping
from migrator.contracts import Identity, Marker, ReadLimits, Target, Undone
from migrator.engine.check import MapCheck
from migrator.engine.claims import claimed
from migrator.engine.decisions import as_decided, decided_notes, save_decisions
from migrator.engine.laps import Laps
from migrator.engine.load import CHECKING, load, stands
from migrator.engine.placing import Placing
from migrator.engine.prepare import room_for
from migrator.engine.seal import seal_parts
from migrator.engine.throwaway import throwaway
from migrator.engine.workbench import Workbench, workbench
from migrator.outcomes import EVERY_STEP, UNSHARED, RunReport, SealParts, Steps
from migrator.plan import Plan
from migrator.runs.catalog import Catalog
from migrator.runs.gate import Gate
from migrator.runs.recorded import Recording
from migrator.runs.records import RunRecord, without_rows
from migrator.runs.request import Document, LoadRequest
from migrator.runs.told import Subject, load_report
from migrator.service.addresses import require_same_place
from migrator.service.opening import known
from migrator.service.performing import Performing, Work
from migrator.service.rehearsing import Original, Rehearsing
from migrator.service.spreading import Spreading
from migrator.settings import tool
from storage.address import redacted
from storage.archive import Archive
from storage.errors import Fault, Misuse, Red
from storage.problem import Problem
from storage.schema import Schema, Table
from storage.system import translated


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What a run found that ends in a report, and where the report lies; `undone` where it took a load back."""

    report: RunReport
    report_path: Path | str  # a file, or of a server an address
    undone: Undone | None = None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A run that came to its end: its record, its report, and where the report lies."""

    run: RunRecord
    report: RunReport
    report_path: Path | str

    @classmethod
    def of(cls, run: RunRecord, found: Reported) -> Finished:
        return cls(run=run, report=found.report, report_path=found.report_path)


@dataclass(frozen=True, kw_only=True)
class OpenedLoad:
    """A load whose parts are opened; of a rehearsal in a copy, `lacking` tells what the copy lacks."""

    request: LoadRequest
    plan: Plan
    target: Target
    archive: Archive
    mapping: Mapping
    parts: SealParts
    written: Sequence[Table]
    lacking: Sequence[Problem]

    def identity(self, run_id: str) -> Identity:
        return Identity(
            run=run_id,
            plan=self.plan.name,
            tenant=self.plan.tenant,
            archive=self.archive.location,
            archive_id=self.archive.identity.archive_id,
            seal=self.parts.seal,
            asked=self.parts.asked,
        )

    def refuse_twice(self, run_id: str) -> None:
        """An archive is never loaded twice by the same plan, whatever happened to the catalog and to the tables.

        `run_id` is the run that loads it, if it has begun: a load that was stopped after its commit goes on.
        """
        if self.request.rehearse:
            return
        identity = self.identity(run_id)
        for marker in self.target.markers():
            if marker.run != run_id and identity.repeats(marker):
                with suppress(Fault):  # where it was killed after its commit, nobody else has a reason to
                    self.target.sweep([marker.run])
                raise _loaded_already(marker)


@dataclass(frozen=True, kw_only=True)
class Loading(Rehearsing, Performing, Spreading):
    """Loads, for good or to be undone at once."""

    def rehearse(self, plan: Plan, archive: str | None, *, whole: bool = False, on: str | None = None) -> Finished:
        """Load and undo; with `on`, in an empty database that is given the target's tables, and loses them again."""
        if on is None:
            return self._load(plan, archive, rehearse=True, whole=whole)
        if self.is_detached:
            raise Misuse("a copy lives as long as the command that made it", where="--on", next="leave out --detach")
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
        target = plan.needs_target()
        self.targets(target.url)  # an address that no driver knows is refused before anything is read
        mapping = self.mapping(plan)
        request = LoadRequest(
            plan=Document(text=plan.text, file=plan.file),
            mapping=Document(text=mapping.text, file=mapping.file),
            archive=self.archive_of(plan, location).location,
            rehearse=rehearse,
            whole=whole,
            on=redacted(target.url) if original else None,
        )
        opened = self._opened_load(request, plan, original)
        with self._catalog() as catalog:
            waived = None if rehearse else self._let_through(catalog, plan, opened.parts, waive)
            work = replace(self._load_work(catalog, opened), waived=waived)
            return Finished.of(*self._begin(catalog, request, work))

    def let_through(self, plan: Plan, archive: str, waive: str | None) -> str:
        """The seal that a migration of this archive would have. Red where it could not be done, or no rehearsal and no
        waiver lets it through."""
        opened = self._as_migration(plan, archive)
        with self._catalog() as catalog:
            self._let_through(catalog, plan, opened.parts, waive)
        return opened.parts.seal

    def gate(self, plan: Plan, archive: str) -> Gate:
        """Whether a migration of this archive would be let through now, and why not. Red where it could not be done."""
        opened = self._as_migration(plan, archive)
        with self._catalog() as catalog:
            return self._gate_now(catalog, plan, opened.parts)

    def _as_migration(self, plan: Plan, archive: str) -> OpenedLoad:
        """What a migration would begin with."""
        mapping = self.mapping(plan)
        request = LoadRequest(
            plan=Document(text=plan.text, file=plan.file),
            mapping=Document(text=mapping.text, file=mapping.file),
            archive=archive,
            rehearse=False,
        )
        return self._opened_load(request, plan)

    def _opened_load(
        self, request: LoadRequest, plan: Plan, original: Original | None = None, *, but: str = ""
    ) -> OpenedLoad:
        """Everything the request names, looked at. Red where the archive is damaged, or loaded already, `but` by it."""
        target = self.targets(plan.needs_target().url)
        archive = self._readable(self.archive_of(plan, request.archive))
        mapping = known(plan, load_mapping(request.mapping.text, file=request.mapping.file))
        schema = target.describe()
        tables = original.tables if original else schema.tables
        opened = OpenedLoad(
            request=request,
            plan=plan,
            target=target,
            archive=archive,
            mapping=mapping,
            parts=seal_parts(plan, mapping, [archived.table for archived in archive.tables], tables),
            written=_written(plan, mapping, schema),
            lacking=original.lacking if original else (),
        )
        opened.refuse_twice(but)
        return opened

    def _load_work(self, catalog: Catalog, opened: OpenedLoad) -> Work[Reported]:
        return Work(
            kind="rehearsal" if opened.request.rehearse else "migration",
            plan=opened.plan.name,
            tenant=opened.plan.tenant,
            archive=opened.archive.location,
            target=redacted(opened.plan.needs_target().url),
            seal=opened.parts.seal,
            plan_file=opened.plan.file,
            perform=partial(self._loaded, catalog, opened),
            store=self._store_of(opened.plan),
            # a rehearsal never commits
            took_effect=lambda run: not opened.request.rehearse and holds(opened.target, run.run_id),
        )

    def _loaded(self, catalog: Catalog, opened: OpenedLoad, recording: Recording, steps: Steps) -> Reported:
        run, plan, target = recording.run, opened.plan, opened.target
        folder, files = self._folder(run), self._files(plan)
        room = workbench(room=room_for(opened.archive, opened.mapping))
        is_copy = opened.request.on is not None  # whoever made it has it for himself
        with self._alone(target, run, () if is_copy else opened.written), room as bench:
            laps = Laps()  # what another run has it wait for is none of its own time
            opened.refuse_twice(run.run_id)  # now that nobody else can load it
            folder.keep_words(plan, opened.mapping.text)
            self._take_back_left(catalog, files, target)
            self._sweep_left(catalog, target, run)
            if steps.attempt > 1 and holds(target, run.run_id):
                checked = self._as_decided(bench, opened, self._brought(catalog, run).decisions, files)
            else:
                checked = self._checked(bench, plan, opened.archive, opened.mapping, target, files)
                _require_green(checked)
                assert checked.prepared is not None
                with translated(folder.path):
                    save_decisions(checked.prepared, folder.decisions, checked.notes)
            laps.lap(CHECKING)
            assert checked.prepared is not None
            shares = UNSHARED if is_copy else self._shared_load(catalog, run, target, files)
            if not opened.request.rehearse or shares is not UNSHARED:  # before it is committed, and for who helps
                self._keep_in_store(catalog, run.run_id, self._store_of(plan))
            loaded = load(
                checked.prepared,
                target,
                opened.identity(run.run_id),
                rehearse=opened.request.rehearse,
                whole=opened.request.whole,
                max_lock_seconds=plan.needs_target().max_lock_s,
                triggers=plan.needs_target().triggers,
                files=files,
                patience_s=self.settings.patience_s,
                steps=EVERY_STEP if is_copy else steps,  # a copy is erased, whatever happens
                shares=shares,
                progress=self.progress,
            )
            told = load_report(self._subject(run, plan), opened.archive, checked, loaded)
            told = replace(
                told,
                seal_parts=opened.parts,
                timings=(*laps.timings, *told.timings),
                notes=(*opened.lacking, *told.notes),
            )
            admission = None if opened.request.rehearse else self._admission(catalog, plan, opened.parts, run)
            report = self._of_rehearsals(catalog, told, opened.archive, admission)
            recording.verdict = report.verdict
            return Reported(report=report, report_path=self._keep_report(catalog, report))

    def _as_decided(self, bench: Workbench, opened: OpenedLoad, decisions: Path, files: Placing) -> MapCheck:
        """What an earlier attempt found before it committed: by now the target holds the load itself."""
        if not decisions.exists():
            raise Fault(
                "the load was committed, and what it decided lies in the run's folder, which is not here",
                where=str(decisions),
                next="resume it on the machine that ran it (migrator runs show), or bring that folder here",
            )
        schema = opened.target.describe()
        prepared = as_decided(bench, opened.archive, opened.mapping, schema, decisions, progress=self.progress)
        files.expect(prepared)
        return MapCheck(problems=(), notes=decided_notes(decisions), unmapped=(), prepared=prepared)

    def _alone(self, target: Target, record: RunRecord, tables: Sequence[Table]) -> AbstractContextManager[None]:
        """No other run is at work on these tables, from what is decided about their rows to what is said of them."""
        patience = self.settings.patience_s
        return claimed(target, record.run_id, tables, patience_s=patience, progress=self.progress)

    def _sweep_left(self, catalog: Catalog, target: Target, own: RunRecord) -> None:
        """What runs staged that are over, or were stopped and are begun anew by this one: it is of no use."""
        runs = [run for run in catalog.runs() if run.run_id != own.run_id]
        target.sweep([run.run_id for run in runs if run.state in ("done", "cancelled")])
        if not (begun_anew := [run.run_id for run in runs if _is_begun_anew(run, own)]):
            return
        with closing(self._locks()) as locks, ExitStack() as held:
            ours = list[str]()
            for run_id in begun_anew:
                if hold := locks.take(run_id):  # else somebody goes on with it all the same
                    held.callback(hold.release)
                    ours.append(run_id)
            target.sweep(ours, are_over=True)

    def _take_back_left(self, catalog: Catalog, files: Placing, target: Target, *, but: str = "") -> None:
        """Files that killed runs of this catalog put there: their rows never came, or are gone again."""
        if not files.rules:
            return
        left = set(without_rows(catalog.runs())) - {but}
        journals = [journal for journal in files.journals() if journal.run in left]
        with closing(self._locks()) as locks:
            for journal in journals:
                hold = locks.take(journal.run)
                if hold is None:  # somebody goes on with it
                    continue
                try:
                    if not holds(target, journal.run):
                        files.take_back(journal.run, target)
                finally:
                    hold.release()

    def _migration(self, catalog: Catalog, run_id: str) -> RunRecord:
        record = catalog.run(run_id)
        if record.kind in ("verification", "rollback") and record.of_run:
            record = catalog.run(record.of_run)
        if record.kind != "migration":
            raise Misuse(
                f"a {record.kind} leaves nothing in a target", where=record.run_id, next="name the run of a migration"
            )
        return record

    def _marker(self, target: Target, plan: Plan, record: RunRecord) -> Marker:
        """What the target itself says of the run: a load that never committed, or was taken back, has no marker."""
        if (marker := stands(target, record.run_id)) is not None:
            return marker
        require_same_place(record, plan.needs_target().url)
        raise Misuse(
            "the target holds no load of this run: it did not commit, or was taken back already",
            where=record.run_id,
            next="`migrator runs list` shows what became of it",
        )

    def _subject(self, record: RunRecord, plan: Plan) -> Subject:
        return Subject(record=record, source=redacted(plan.source.url) if plan.source else "", tool=tool())


def _written(plan: Plan, mapping: Mapping, schema: Schema) -> list[Table]:
    """The tables of the target that a load writes: by the mapping, and by triggers."""
    names = {*(table.name for table in mapping.tables), *plan.needs_target().triggers.writes}
    return [table for table in schema.tables if table.name in names]


def _is_begun_anew(run: RunRecord, own: RunRecord) -> bool:
    return run.state in ("parked", "failed", "lost") and (run.plan, run.kind) == (own.plan, own.kind)


def _loaded_already(marker: Marker) -> Red:
    how, otherwise = "by the same plan and mapping", ""
    if not marker.asked:
        how = f"by a plan called {marker.plan}, in what words an older version of this program did not say"
        otherwise = "; if this is another migration of it, give its plan another name"
    return Red(
        f"this archive is already loaded {how}; nothing was changed",
        where=marker.run,
        next=f"migrator verify {marker.run}, or migrator rollback {marker.run} first{otherwise}",
    )


def holds(target: Target, run: str) -> bool:
    return stands(target, run) is not None


def _require_green(checked: MapCheck) -> None:
    if checked.problems:
        worst = checked.problems[0]
        raise Red(
            f"map check is red with {len(checked.problems)} problem(s); first: {worst.what}",
            where=worst.where,
            next=worst.next,
            problems=checked.problems,
        )
