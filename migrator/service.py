"""Everything this software does for a person or a program, behind one door: the command line and the API call this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from pathlib import Path

from mappings.load import load_mapping
from mappings.model import Mapping
from migrator import reports
from migrator.contracts import Marker, ReadLimits, Source, Target, Undone
from migrator.engine.attachments import Files
from migrator.engine.check import MapCheck, map_check
from migrator.engine.decisions import restore_decisions, save_decisions
from migrator.engine.doctor import Diagnosis, Rates, Surroundings, doctor
from migrator.engine.draft import Draft, draft
from migrator.engine.explain import Explanation, explain
from migrator.engine.gentle import as_planned, gently
from migrator.engine.inspect import Inspection, inspect
from migrator.engine.load import Identity, load
from migrator.engine.masks.key import MaskKey
from migrator.engine.masks.masked import Masker
from migrator.engine.placing import Placing
from migrator.engine.prepare import materialise, prepare, room_for
from migrator.engine.preview import EdgePreview, preview
from migrator.engine.restore import Restored, restore
from migrator.engine.scope import Scope, resolve
from migrator.engine.seal import seal
from migrator.engine.snapshot import Snapshot, snapshot
from migrator.engine.verify import verify
from migrator.engine.workbench import workbench
from migrator.outcomes import Progress, RunReport, Tick, Verdict, silent
from migrator.plan import Plan, load_plan
from migrator.plan.masking import load_mask_rules
from migrator.runs.catalog import ArchiveRecord, Catalog, RunRecord, without_rows
from migrator.runs.folder import RunFolder
from migrator.runs.rates import rates
from migrator.runs.recorded import recorded
from migrator.runs.told import Subject, load_report, rollback_report, verify_report
from migrator.runs.transfer import Transferred, transfer
from migrator.settings import Settings, tool
from storage.address import below, redacted, split
from storage.archive import Archive, list_archives
from storage.check import CheckResult, check_archive
from storage.copy import Copied, copy_archive
from storage.errors import Fault, Misuse, Red
from storage.location import open_store, split_archive
from storage.objects import ObjectStore
from storage.seal import SigningKeys
from storage.sweep import QUIET, sweep, swept_in_words
from storage.system import translated


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A run that came to its end: its record, its report, and where the report lies."""

    run: RunRecord
    report: RunReport
    report_path: Path


@dataclass(frozen=True, kw_only=True)
class Service:
    """The operations; nothing knows a driver.

    `sources` and `targets` open a platform by its address, `places` one that files are fetched from, `shelves` one that
    they are put into.
    """

    settings: Settings
    sources: Callable[[str, ReadLimits], Source]
    targets: Callable[[str], Target]
    places: Callable[[str], Files]
    shelves: Callable[[str], ObjectStore]
    progress: Progress = field(default=silent)

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────
    def inspect(self, url: str) -> Inspection:
        return inspect(self.sources(url, ReadLimits()))

    def plan(self, path: Path) -> Plan:
        return load_plan(path, self.settings.variables)

    def scope(self, plan: Plan) -> Scope:
        with as_planned(self._source(plan), plan.needs_source()) as reading, workbench() as bench:
            return resolve(reading, plan, bench).scope

    def explain(self, plan: Plan, *, count: bool = False) -> Explanation:
        """What leaves and what does not, explained; `count` reads how many rows every table has, others' too."""
        source, rules = self._source(plan), plan.needs_source().scope
        sizes = () if count else source.examine(tuple(rules.excluded), rules.views).sizes
        with as_planned(source, plan.needs_source()) as reading, workbench() as bench:
            return explain(reading, resolve(reading, plan, bench), bench, sizes, count=count)

    def draft(self, url: str, *, tenant: str = "", root: str = "") -> Draft:
        """A scope proposed for a source, for a person to confirm; see `engine.draft`."""
        with gently(self.sources(url, ReadLimits()), ReadLimits()) as reading:
            return draft(reading, tenant=tenant, root=root)

    def doctor(self, plan: Plan) -> Diagnosis:
        """Look at everything the plan names before anything starts; what cannot be looked at is told, not raised."""
        source, target = plan.source, plan.target
        around = Surroundings(
            source=lambda: self._source(plan),
            target=lambda: self.targets(plan.needs_target().url),
            store=lambda: self._store(plan),
            mapping=lambda: self.mapping(plan),
            rates=lambda: self._rates(plan),
            places=self.places,
            shelves=self.shelves,
            home=self.settings.home,
            keys=self.settings.keys,
            source_address=redacted(source.url) if source else "",
            target_address=redacted(target.url) if target else "",
            store_address=self._store_of(plan),
        )
        return doctor(plan, around)

    def _rates(self, plan: Plan) -> Rates:
        """From the catalog, where there is one: looking makes none."""
        kind, _, file = self.settings.catalog_url.partition(":///")
        if kind == "sqlite" and not Path(file).is_file():
            return Rates()
        with self._catalog() as catalog:
            return rates(catalog, plan.name, lambda run: self._folder(run).report())

    # ── archives ────────────────────────────────────────────────────────────────────────────────────────────
    def snapshot(
        self, plan: Plan, mask: Path | None = None, *, subject: str | None = None, prove_full: bool = False
    ) -> tuple[RunRecord, Snapshot]:
        """Take a snapshot of the plan's tenant; Red, with nothing left in the store, where it cannot be whole.

        `mask` is a file of rules by which values are replaced before they are archived; `subject` names the one person
        of the tenant that it is to be about: `table=key` or `table.column=value`. With `prove_full`, all that
        stays behind is asked, too.
        """
        if mask is not None and subject is not None:
            raise Misuse(
                "a person's own data is not masked", where="--subject", next="leave out --mask, or take them one by one"
            )
        if prove_full and subject is not None:
            raise Misuse(
                "the full proof asks all that is not the tenant's, and most of the tenant stays behind here",
                where="--prove",
                next="leave out --prove full: the list of mentions says what stays behind and is about the person",
            )
        source, masker = self._source(plan), self._masker(mask) if mask is not None else None
        with self._catalog() as catalog:
            record = catalog.start(
                kind="snapshot",
                plan=plan.name,
                tenant=plan.tenant,
                source=redacted(plan.needs_source().url),
                plan_file=plan.file,
            )
            with recorded(catalog, record) as recording:
                store = self._store(plan)
                swept = swept_in_words(sweep(store, before=datetime.now(UTC) - QUIET))
                taken = snapshot(
                    source,
                    plan,
                    store,
                    SigningKeys.load_or_create(self.settings.keys),
                    tool=tool(),
                    places=self.places,
                    mask=masker,
                    subject=subject,
                    prove_full=prove_full,
                    progress=self.progress,
                    committed=recording.settle,
                )
                _record_archive(catalog, plan, taken)
                recording.verdict = Verdict.GREEN
            return catalog.run(record.run_id), replace(taken, notes=(*swept, *store.notes()))

    def _masker(self, rules: Path) -> Masker:
        read, secret = load_mask_rules(rules), self.settings.mask_secret
        key = MaskKey.of(secret) if secret is not None else MaskKey.load_or_create(self.settings.keys)
        return Masker(rules=read, key=key)

    def _source(self, plan: Plan) -> Source:
        return self.sources(plan.needs_source().url, plan.needs_source().limits)

    def _store_of(self, plan: Plan) -> str:
        return plan.store or self.settings.default_store

    def _store(self, plan: Plan) -> ObjectStore:
        return open_store(self._store_of(plan), self.settings.accounts)

    def _opened(self, location: str) -> tuple[ObjectStore, str]:
        store, archive_id = split_archive(location)
        return open_store(store, self.settings.accounts), archive_id

    def archive(self, location: str) -> Archive:
        return Archive.open(*self._opened(location))

    def check_archive(self, location: str, *, key: str | None = None) -> CheckResult:
        return check_archive(*self._opened(location), key=key)

    def copy_archive(self, location: str, store: str) -> Copied:
        """Copy an archive into another store, and check the copy whole."""
        target = open_store(store, self.settings.accounts)
        return copy_archive(*self._opened(location), target, told=self._copying)

    def restore(self, location: str, url: str, *, master: bool = False) -> tuple[RunRecord, Restored]:
        """The archive back into an empty platform of its kind; nothing is left there of one that failed on the way."""
        target, source = self.targets(url), partial(self.sources, url, ReadLimits())
        archive = self._whole(self.archive(location))
        _refuse_export(archive)
        with self._catalog() as catalog:
            record = catalog.start(
                kind="restore",
                plan=archive.identity.plan,
                tenant=archive.identity.tenant,
                archive=archive.location,
                target=redacted(url),
            )
            with recorded(catalog, record) as recording:
                restored = restore(archive, target, source, master=master, progress=self.progress)
                recording.verdict = restored.verdict
            return catalog.run(record.run_id), restored

    def _copying(self, done: int, total: int) -> None:
        self.progress(Tick(step="copy", done=done, total=total))

    def archive_of(self, plan: Plan, location: str | None) -> Archive:
        """The archive named, else the newest complete one of the plan's tenant in its store; Misuse without any.

        A masked archive is taken where it is named, and never by itself; one person's export never is.
        """
        if location is not None:
            found = self.archive(location)
            if found.identity.tenant != plan.tenant:
                raise Misuse(
                    f"the archive is of tenant {found.identity.tenant!r}, the plan of {plan.tenant!r}",
                    where=location,
                    next="name an archive of the plan's tenant",
                )
            _refuse_export(found)
            return found
        store = self._store(plan)
        own = [summary for summary in list_archives(store) if summary.tenant == plan.tenant]
        real = [summary for summary in own if summary.is_whole]
        if not real:
            raise Misuse(
                f"no archive of tenant {plan.tenant!r}{' but masked ones, or of one person' if own else ''}",
                where=self._store_of(plan),
                next="take one: migrator snapshot, or name --archive",
            )
        return Archive.open(store, real[-1].archive_id)

    def _intact(self, plan: Plan, location: str | None) -> Archive:
        return self._whole(self.archive_of(plan, location))

    def _whole(self, archive: Archive) -> Archive:
        """The archive, every byte as it was sealed, also of the parts that nobody reads. Red otherwise."""
        problems = check_archive(*self._opened(archive.location), bytes_only=True).problems
        if problems:
            raise Red(
                f"the archive is damaged: {problems[0].what}",
                where=below(archive.location, problems[0].where),
                next=problems[0].next,
                problems=problems,
            )
        return archive

    # ── mapping ─────────────────────────────────────────────────────────────────────────────────────────────
    def mapping(self, plan: Plan) -> Mapping:
        """The plan's mapping: beside the plan, from the working directory, or of the catalog that is shipped."""
        found = self._mapping(plan, plan.needs_mapping())
        if plan.target is not None:
            plan.target.require_known([table.name for table in found.tables])
        return found

    def _mapping(self, plan: Plan, named: str) -> Mapping:
        for path in (Path(plan.file).parent / named, Path(named)):
            if path.is_file():
                return load_mapping(_text(path), file=str(path))
        shipped = files("mappings").joinpath("catalog", Path(named).name)
        if shipped.is_file():
            return load_mapping(shipped.read_text(encoding="utf-8"), file=f"mappings/catalog/{Path(named).name}")
        raise Misuse(
            f"no such mapping file: {named}", where=plan.file, next="a relative path starts beside the plan, then here"
        )

    def map_check(self, plan: Plan, archive: str | None) -> MapCheck:
        target = self.targets(plan.needs_target().url)
        intact, mapping = self._intact(plan, archive), self.mapping(plan)
        with workbench(room=room_for(intact, mapping)) as bench:
            found = map_check(
                bench,
                intact,
                mapping,
                target,
                plan.needs_target().policy,
                triggers=plan.needs_target().triggers,
                files=self._files(plan),
                progress=self.progress,
            )
            return replace(found, prepared=None)

    def map_preview(self, plan: Plan, archive: str | None, *, table: str | None, rows: int) -> tuple[EdgePreview, ...]:
        mapping = self.mapping(plan)
        names = [found.name for found in mapping.tables]
        if table is not None and table not in names:
            raise Misuse(
                f"the mapping fills no table {table!r}", where=mapping.file, next=f"tables: {', '.join(names)}"
            )
        schema = self.targets(plan.needs_target().url).describe()
        opened = self.archive_of(plan, archive)
        with workbench(room=room_for(opened, mapping)) as bench:
            prepared = prepare(bench, opened, mapping, schema, progress=self.progress)
            return tuple(preview(prepared, table=table, rows=rows))

    # ── loading ─────────────────────────────────────────────────────────────────────────────────────────────
    def rehearse(self, plan: Plan, archive: str | None, *, whole: bool = False) -> Finished:
        return self._load(plan, archive, rehearse=True, whole=whole)

    def migrate(self, plan: Plan, archive: str | None, *, whole: bool = False) -> Finished:
        return self._load(plan, archive, rehearse=False, whole=whole)

    def _load(self, plan: Plan, location: str | None, *, rehearse: bool, whole: bool) -> Finished:
        target = self.targets(plan.needs_target().url)
        archive, mapping, schema = self._intact(plan, location), self.mapping(plan), target.describe()
        sealed = seal(plan, mapping, [archived.table for archived in archive.tables], schema.tables)
        self._refuse_twice(target, archive, sealed, rehearse=rehearse)
        with self._catalog() as catalog:
            record = catalog.start(
                kind="rehearsal" if rehearse else "migration",
                plan=plan.name,
                tenant=plan.tenant,
                archive=archive.location,
                target=redacted(plan.needs_target().url),
                seal=sealed,
                plan_file=plan.file,
            )
            folder = self._folder(record)
            # a rehearsal never commits
            committed = partial(_holds, target, record.run_id) if not rehearse else _never
            room = workbench(room=room_for(archive, mapping))
            with recorded(catalog, record, took_effect=committed) as recording, room as bench:
                folder.keep_words(plan, mapping.text)
                files = self._files(plan)
                self._take_back_left(catalog, files, target)
                checked = map_check(
                    bench,
                    archive,
                    mapping,
                    target,
                    plan.needs_target().policy,
                    triggers=plan.needs_target().triggers,
                    files=files,
                    progress=self.progress,
                )
                _require_green(checked)
                assert checked.prepared is not None
                with translated(folder.path):
                    save_decisions(checked.prepared, folder.decisions)
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
                report = load_report(self._subject(record, plan), archive, checked, loaded)
                path = self._keep_report(catalog, report)
                recording.verdict = report.verdict
            return Finished(run=catalog.run(record.run_id), report=report, report_path=path)

    def _files(self, plan: Plan) -> Placing:
        """Where the target keeps the files that its rows name."""
        target = plan.needs_target()
        return Placing.of(target.attachments, self.shelves, redacted(target.url))

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
                raise Red(
                    "this archive is already loaded by the same plan and mapping; nothing was changed",
                    where=marker.run,
                    next=f"migrator verify {marker.run}, or migrator rollback {marker.run} first",
                )

    def _subject(self, record: RunRecord, plan: Plan) -> Subject:
        return Subject(record=record, source=redacted(plan.source.url) if plan.source else "", tool=tool())

    def _folder(self, record: RunRecord) -> RunFolder:
        return RunFolder(path=self.settings.run_folder(record.run_id))

    # ── verifying and taking back ───────────────────────────────────────────────────────────────────────────
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
                prepared = prepare(bench, archive, mapping, target.describe(), master=deep, progress=self.progress)
                with translated(folder.decisions):
                    restore_decisions(prepared, folder.decisions)
                materialise(prepared, progress=self.progress)
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
            # a load or a rollback that was killed may have left files only
            is_left = of.state != "running" and files.knows(of.run_id) and not _holds(target, of.run_id)
            marker = None if is_left else self._marker(target, of)
            told = self._folder(of).report()
            record = self._start_after(catalog, "rollback", of)
            with recorded(catalog, record, took_effect=lambda: not _holds(target, of.run_id)) as recording:
                undone = Undone(reversed=0, kept=0, failed=0)
                if marker is not None:
                    undone = target.undo(of.run_id, whole=whole or marker.digest_whole is not None)
                taken = files.take_back(of.run_id, target, is_known=marker is not None) if files.rules else None
                if taken:
                    undone = replace(undone, notes=(*undone.notes, *taken.notes))
                report = rollback_report(self._subject(record, plan), undone, taken, told)
                path = self._keep_report(catalog, report)
                recording.verdict = report.verdict
            return Finished(run=catalog.run(record.run_id), report=report, report_path=path), undone

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

    # ── reports and runs ────────────────────────────────────────────────────────────────────────────────────
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

    def import_runs(self, catalog: Path) -> Transferred:
        """Another catalog's records into this one."""
        return transfer(catalog.absolute(), self.settings.catalog_url)

    @contextmanager
    def _catalog(self) -> Iterator[Catalog]:
        with translated(self.settings.home):
            self.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        catalog = Catalog.open(self.settings.catalog_url)
        try:
            yield catalog
        finally:
            catalog.close()


def _record_archive(catalog: Catalog, plan: Plan, taken: Snapshot) -> None:
    record = ArchiveRecord(
        archive_id=taken.sealed.archive_id,
        location=taken.sealed.location,
        tenant=plan.tenant,
        plan=plan.name,
        created_at=taken.identity.created_at,
        rows=taken.sealed.rows,
        bytes=taken.sealed.bytes,
        fingerprint=taken.sealed.fingerprint,
        fence=taken.identity.fence,
    )
    try:
        catalog.record_archive(record)
    except Fault as error:  # hours of reading are not to be repeated for want of a word
        raise Fault(
            f"the archive is complete, but is not in the catalog: {error.what}",
            where=taken.sealed.location,
            next="it can be used as it is, and is found in its store: migrator archive check says that it is whole",
        ) from error


def _text(path: Path) -> str:
    try:
        with translated(path):
            return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Misuse("the mapping is not UTF-8", where=str(path), next="save it as UTF-8 text") from error


def _refuse_export(archive: Archive) -> None:
    """What is about one person is for that person: its references lead to rows that are not in it."""
    if archive.identity.subject is not None:
        raise Misuse(
            f"the archive is about one person of {archive.identity.subject}, not the tenant's",
            where=archive.location,
            next="name an archive of the whole tenant: one taken without --subject",
        )


def _never() -> bool:
    return False


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
