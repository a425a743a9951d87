"""The catalog again, and the folders of its runs, from what stores keep alone: archives, and documents of runs.

What a store gives is input from outside: documents count only where a key that is known signed them, and only under
the names they have by right. A plan among them says which variables are read when its run is verified or taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from migrator.runs.brought import bring, require_trusted
from migrator.runs.database import open_database
from migrator.runs.kept import KeptRun, is_document, read
from migrator.runs.models import Archive as ArchiveRow
from migrator.runs.models import Base
from migrator.runs.models import Report as ReportRow
from migrator.runs.models import Run as RunRow
from migrator.runs.records import ArchiveRecord, ReportRecord, RunRecord
from migrator.runs.upgrade import bring_to_head
from storage.address import split
from storage.archive import Archive, list_archives
from storage.errors import Misuse, Red
from storage.objects import ObjectStore
from storage.problem import Problem
from storage.run_documents import RunDocuments, kept_runs

_ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """How many records came, how many were there already, and what in the stores could not be used."""

    archives: int
    runs: int
    there: int
    problems: tuple[Problem, ...]


def rebuild(
    stores: Iterable[ObjectStore], url: str, folder_of: Callable[[str], Path], trusted: Collection[str]
) -> Rebuilt:
    """Record in the catalog at `url` what the stores keep and it does not know; `trusted` are fingerprints of keys.

    All records come or none do; what is there already stays as it is, folders too, so it may be repeated.
    Misuse where other runs have the same numbers: two histories.
    """
    found = _Found(trusted=trusted)
    for store in stores:
        found.look(store)
    with closing(open_database(url)) as database:
        bring_to_head(database)
        with database.transaction() as connection:
            known = set(connection.execute(select(RunRow.run_id)).scalars())
        records = list(found.records(known, folder_of))
        reports = [one for record in records for one in found.reports(record.run_id, folder_of(record.run_id))]
        try:
            with database.transaction() as connection:
                database.claim(connection, "transfer")
                archives = _add(connection, ArchiveRow, "archive_id", map(asdict, found.archives.values()))
                runs = _add(connection, RunRow, "run_id", map(asdict, records))
                _add(connection, ReportRow, "run_id", map(asdict, reports))
        except IntegrityError as error:
            raise Misuse(
                "the catalog holds other runs of the same plan, kind and number: two histories",
                where=database.where,
                next="rebuild into a catalog that was never used",
            ) from error
    there = len(found.archives) + len(found.runs.keys() & known) - archives
    return Rebuilt(archives=archives, runs=runs, there=there, problems=tuple(found.problems))


def _add(connection: Connection, model: type[Base], key: str, rows: Iterable[Mapping[str, Any]]) -> int:
    """Those whose key is not there yet; how many."""
    there = set(connection.execute(select(model.__table__.c[key])).scalars())
    new = [dict(row) for row in rows if row[key] not in there]
    if new:
        connection.execute(insert(model), new)
    return len(new)


@dataclass(kw_only=True)
class _Found:
    """What stores keep: the first of each id counts."""

    trusted: Collection[str]
    archives: dict[str, ArchiveRecord] = field(default_factory=dict)
    runs: dict[str, tuple[KeptRun, RunDocuments]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def look(self, store: ObjectStore) -> None:
        """Find what this store keeps; what cannot be read, or not be trusted, is a problem and not found."""
        for summary in list_archives(store):
            with self._noted():
                archive = Archive.open(store, summary.archive_id)
                self.archives.setdefault(archive.identity.archive_id, _archive(archive, summary.archive_id))
        for run_id in kept_runs(store):
            with self._noted():
                documents = RunDocuments.open(store, run_id)
                require_trusted(documents, self.trusted)
                self.runs.setdefault(run_id, (read(documents), documents))

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """An answer about one thing is noted, and the others are looked at all the same."""
        try:
            yield
        except (Red, Misuse) as error:
            self.problems.append(Problem(where=error.where, what=error.what, next=error.next))

    def records(self, known: Collection[str], folder_of: Callable[[str], Path]) -> Iterator[RunRecord]:
        """The runs that are not known, each after the one it refers to and with its folder made."""
        there = set[str | None](known) | {None}
        kept = [kept.record for run_id, (kept, _) in self.runs.items() if run_id not in known]
        for record in sorted(kept, key=lambda one: one.of_run is not None):
            if record.of_run not in there:
                what = f"the run it refers to did not come: {record.of_run}"
                self.problems.append(Problem(where=record.run_id, what=what, next="name the store that keeps it, too"))
            elif self.restore(record.run_id, folder_of(record.run_id)):
                there.add(record.run_id)
                yield self._moved(_ended(record))

    def _moved(self, record: RunRecord) -> RunRecord:
        """An archive that was found lies where it was found."""
        found = self.archives.get(split(record.archive or "")[1])
        return replace(record, archive=found.location) if found else record

    def reports(self, run_id: str, folder: Path) -> Iterator[ReportRecord]:
        kept, documents = self.runs[run_id]
        for one in kept.reports:
            if is_document(one.file) and one.file in documents.paths:
                yield ReportRecord(run_id=run_id, format=one.format, path=str(folder / one.file), sha256=one.sha256)

    def restore(self, run_id: str, folder: Path) -> bool:
        """Make the run's folder, whole or not at all; one that is there stays. False where a document is damaged."""
        if folder.exists():
            return True
        with self._noted():
            bring(self.runs[run_id][1], folder)
            return True
        return False


def _archive(archive: Archive, folder: str) -> ArchiveRecord:
    identity = archive.identity
    return ArchiveRecord(
        archive_id=identity.archive_id,
        location=archive.location,
        tenant=identity.tenant,
        plan=identity.plan,
        created_at=identity.created_at,
        rows=sum(part.rows for part in archive.tables),
        bytes=sum(info.size for info in archive.store.list(f"{folder}/data/")),
        fingerprint=archive.fingerprint,
        fence=identity.fence,
    )


def _ended(record: RunRecord) -> RunRecord:
    """A run that was still under way when it was kept is under way nowhere this catalog knows of."""
    if record.state in _ENDED:
        return record
    error = {
        "what": "what became of it is not known: it was under way when the store kept it",
        "where": record.host,
        "next": f"migrator verify {record.run_id} says what the target holds of it",
    }
    return replace(record, state="failed", error=error)
