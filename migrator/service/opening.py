"""What every operation needs: the plan's platforms, store, archives and mapping opened, and the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Self

from mappings.load import load_mapping
from mappings.model import Mapping
from migrator.contracts import ReadLimits, Source, Target
from migrator.engine.attachments import Files
from migrator.engine.check import MapCheck, map_check
from migrator.engine.placing import Placing
from migrator.engine.workbench import Workbench
from migrator.outcomes import Progress, silent
from migrator.plan import Plan, load_plan, read_plan
from migrator.plan.variables import Variables
from migrator.runs.catalog import Catalog
from migrator.runs.folder import RunFolder
from migrator.runs.liveness.pace import Pace
from migrator.runs.records import RunRecord
from migrator.runs.request import Document
from migrator.settings import Settings
from storage.address import below, redacted
from storage.archive import Archive, list_archives
from storage.check import check_archive
from storage.credentials import Accounts
from storage.errors import Misuse, Red
from storage.location import open_store, split_archive
from storage.objects import ObjectStore
from storage.system import translated


@dataclass(frozen=True, kw_only=True)
class Confined:
    """What plans of one tenant of a server can name: its platforms and its mappings. `keys` are those of its stores."""

    variables: dict[str, str] = field(repr=False)
    keys: dict[str, str] = field(repr=False)
    mapping: Callable[[str], Document | None]


def _not_a_server(_tenant: str) -> Confined:
    raise Misuse("no tenants are registered here", where="server", next="ask the server that has them")


def _unobserved(_record: RunRecord) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, kw_only=True)
class Opening:
    """The ways in.

    `sources` and `targets` open a platform by its address, `places` one that files are fetched from, `shelves` one that
    they are put into. `pace` hears what `progress` hears, and is told to whoever looks from elsewhere.
    """

    settings: Settings
    sources: Callable[[str, ReadLimits], Source]
    targets: Callable[[str], Target]
    places: Callable[[str, Accounts], Files]
    shelves: Callable[[str, Accounts], ObjectStore]
    progress: Progress = field(default=silent)
    pace: Pace = field(default_factory=Pace)
    confined: Callable[[str], Confined] = field(default=_not_a_server)
    spanned: Callable[[RunRecord], AbstractContextManager[None]] = field(default=_unobserved)  # each attempt at a run
    mappings: Callable[[str], Document | None] | None = None  # what a tenant of a server wrote; no files are read then
    kept: Catalog | None = field(default=None, repr=False)  # a server's, open for all who ask; else each opens its own

    def plan(self, path: Path) -> Plan:
        return load_plan(path, self.settings.variables)

    def for_tenant(self, tenant: str) -> Self:
        """The same for a tenant of this server: plans reach its platforms by their names, and nothing else."""
        found = self.confined(tenant)
        settings = replace(self.settings, variables=found.variables, store_keys=found.keys, is_confined=True)
        return replace(self, settings=settings, mappings=found.mapping)

    def _serving(self, record: RunRecord) -> Self:
        """Whatever plans mean where this run was asked for."""
        return self.for_tenant(record.tenant) if record.asked_by is not None else self

    def read_plan(self, document: Document) -> Plan:
        """The plan as it was asked for, its `${…}` expanded now."""
        settings = self.settings
        return read_plan(
            document.text, file=document.file, variables=settings.variables, is_confined=settings.is_confined
        )

    def address(self, given: str, *, may_lead_below: bool = False) -> str:
        """What somebody means by an address: itself; of a server's tenant the platform of that name, and no other."""
        if not self.settings.is_confined:
            return given
        variables = Variables(known=self.settings.variables, is_confined=True)
        found = variables.named(given, may_lead_below=may_lead_below)
        if found is None:
            raise Misuse("no platform that this tenant has", where=redacted(given), next=variables.said_names)
        return found

    def _place(self, base: str) -> Files:
        """The files below this address, opened with the keys of whoever asks for them."""
        return self.places(base, self.settings.accounts)

    def _shelf(self, base: str) -> ObjectStore:
        return self.shelves(base, self.settings.accounts)

    def mapping(self, plan: Plan) -> Mapping:
        """The plan's mapping: beside the plan, from the working directory, or of the catalog that is shipped."""
        return known(plan, self._mapping(plan, plan.needs_mapping()))

    def _mapping(self, plan: Plan, named: str) -> Mapping:
        written = self.mappings(named) if self.mappings is not None else beside(plan, named)
        if (found := written or _shipped(named)) is None:
            raise Misuse(
                f"no such mapping: {named}", where=plan.file, next="a relative path starts beside the plan, then here"
            )
        return load_mapping(found.text, file=found.file)

    def archive(self, location: str) -> Archive:
        return Archive.open(*self._opened(location))

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
            refuse_export(found)
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

    def _source(self, plan: Plan) -> Source:
        return self.sources(plan.needs_source().url, plan.needs_source().limits)

    def _store_of(self, plan: Plan) -> str:
        return plan.store or self.settings.default_store

    def _store(self, plan: Plan) -> ObjectStore:
        return open_store(self._store_of(plan), self.settings.accounts)

    def _opened(self, location: str) -> tuple[ObjectStore, str]:
        store, archive_id = split_archive(location)
        return open_store(store, self.settings.accounts), archive_id

    def _checked(
        self, bench: Workbench, plan: Plan, archive: Archive, mapping: Mapping, target: Target, files: Placing
    ) -> MapCheck:
        """The map check as the plan's target wants it."""
        wanted = plan.needs_target()
        return map_check(
            bench,
            archive,
            mapping,
            target,
            wanted.policy,
            triggers=wanted.triggers,
            files=files,
            progress=self.progress,
        )

    def _files(self, plan: Plan) -> Placing:
        """Where the target keeps the files that its rows name."""
        target = plan.needs_target()
        return Placing.of(target.attachments, self._shelf, redacted(target.url))

    def _folder(self, record: RunRecord) -> RunFolder:
        return RunFolder(path=self.settings.run_folder(record.run_id))

    @contextmanager
    def _catalog(self) -> Iterator[Catalog]:
        if self.kept is not None:
            yield self.kept
            return
        with translated(self.settings.home):
            self.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        catalog = Catalog.open(self.settings.catalog_url)
        try:
            yield catalog
        finally:
            catalog.close()


def known(plan: Plan, mapping: Mapping) -> Mapping:
    """The mapping; Misuse where the plan names a target table that it does not fill."""
    if plan.target is not None:
        plan.target.require_known([table.name for table in mapping.tables])
    return mapping


def beside(plan: Plan, named: str) -> Document | None:
    """The mapping's file, beside the plan or from the working directory."""
    for path in (Path(plan.file).parent / named, Path(named)):
        if path.is_file():
            return Document(text=_text(path), file=str(path))
    return None


def _shipped(named: str) -> Document | None:
    """The mapping of that name in the catalog that comes with this program."""
    name = Path(named).name
    shipped = files("mappings").joinpath("catalog", name)
    if not shipped.is_file():
        return None
    return Document(text=shipped.read_text(encoding="utf-8"), file=f"mappings/catalog/{name}")


def _text(path: Path) -> str:
    try:
        with translated(path):
            return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Misuse("the mapping is not UTF-8", where=str(path), next="save it as UTF-8 text") from error


def refuse_export(archive: Archive) -> None:
    """What is about one person is for that person: its references lead to rows that are not in it."""
    if archive.identity.subject is not None:
        raise Misuse(
            f"the archive is about one person of {archive.identity.subject}, not the tenant's",
            where=archive.location,
            next="name an archive of the whole tenant: one taken without --subject",
        )
