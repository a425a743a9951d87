"""An archive back into an empty platform of its kind: built from descriptions, filled, described, read and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from mappings.quote import identifier as quoted
from migrator.contracts import Reading, Rebuilding, Source, Staged, Target, Whole
from migrator.engine.compare import compare
from migrator.engine.departures import Described, departures, described
from migrator.engine.order import parents_first
from migrator.engine.workbench import workbench
from migrator.outcomes import Difference, Progress, Tick, Verdict, silent
from storage import files
from storage.archive import Archive, ArchivedTable
from storage.digest import TableDigest
from storage.errors import Misuse, Recast
from storage.problem import Problem, gathered
from storage.schema import Held, Table
from storage.types import arrow_schema, to_text

SmallFiles = Mapping[tuple[str, str], Collection[str]]
"""By table and column: the hashes of values under files/ that would fit into a cell."""


@dataclass(frozen=True, kw_only=True)
class RestoredTable:
    """`found` is the digest of the rows as they were read again: the archive's own where all is well."""

    name: str
    rows: int
    digest: str
    found: str

    @property
    def is_equal(self) -> bool:
        return self.digest == self.found


@dataclass(frozen=True, kw_only=True)
class Restored:
    """`notes` tell what could not be as it was declared, `departures` what is not so and nobody can say why.

    `differences` are the first of each table that is not equal.
    """

    archive: str
    read_from: str  # parquet | csv
    tables: tuple[RestoredTable, ...]
    notes: tuple[Problem, ...]
    departures: tuple[Problem, ...]
    differences: tuple[Difference, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def verdict(self) -> Verdict:
        return Verdict.of(not self.departures and all(table.is_equal for table in self.tables))


def restore(
    archive: Archive,
    target: Target,
    source: Callable[[], Source],
    *,
    master: bool = False,
    progress: Progress = silent,
) -> Restored:
    """Rebuild the archive's tables where nothing is yet; `source` opens what `target` has made, to read it again.

    With `master`, from the CSV alone. Misuse if the platform is of another kind, or anything is there already.
    """
    _require_kind(archive, target)
    tables, model = parents_first([archived.table for archived in archive.tables]), archive.model()
    with target.rebuilding(tables, model) as rebuilding:
        for table in tables:
            _fill(rebuilding, archive, table, master=master, progress=progress)
        progress(Tick(step="keys, constraints and indexes"))
        told = rebuilding.finish()
    with source().fence() as reading:
        archived = Described(version=archive.identity.source_version, tables=tables, model=model)
        departed = departures(archived, described(reading, tables), told)
        small = _small_files(archive)
        restored = tuple(_read_again(reading, part, small, progress) for part in archive.tables)
        differing = [archive.table(table.name) for table in restored if not table.is_equal]
        differences = tuple(found for part in differing for found in _differences(reading, archive, part))
    return Restored(
        archive=archive.location,
        read_from="csv" if master else "parquet",
        tables=restored,
        notes=gathered((*told, *departed.worded)),
        departures=departed.lost,
        differences=differences,
    )


def _require_kind(archive: Archive, target: Target) -> None:
    kind, there = archive.identity.source_platform, target.capabilities.platform
    if there != kind:
        raise Misuse(
            f"the archive comes from {kind}, this is {there}",
            where=archive.location,
            next=f"name an empty database of {kind}; with a mapping, `migrator migrate` loads it into any other kind",
        )


def _fill(rebuilding: Rebuilding, archive: Archive, table: Table, *, master: bool, progress: Progress) -> None:
    rows = archive.table(table.name).rows
    progress(Tick(step="restore", what=table.name, done=0, total=rows))
    rebuilding.fill(table, archive.scan(table.name, master=master))
    progress(Tick(step="restore", what=table.name, done=rows, total=rows))


def _read_again(reading: Reading, archived: ArchivedTable, small: SmallFiles, progress: Progress) -> RestoredTable:
    progress(Tick(step="verify", what=archived.table.name, total=archived.rows))
    digest = TableDigest(archived.table)
    try:
        for batch in _rows(reading, archived.table):
            digest.add(list(_cells(batch, archived.table, small)), batch.num_rows)
        found = str(digest)
    except Recast as recast:  # a value that is not even of the archived type
        found = f"{recast.column.name} holds other values"
    return RestoredTable(name=archived.table.name, rows=digest.rows, digest=archived.digest, found=found)


def _rows(reading: Reading, table: Table) -> Iterator[pa.RecordBatch]:
    return reading.scan(table, Whole(), columns=table.column_names)


def _small_files(archive: Archive) -> SmallFiles:
    """An archive says itself what it holds under files/: its writer may have known another limit than is known here."""
    held = {
        (part.table.name, column.name)
        for part in archive.tables
        for column in part.table.columns
        if column.held is Held.FILES and column.attachment is None
    }
    found: dict[tuple[str, str], set[str]] = {}
    for entry in archive.files() if held else ():
        if (entry.table, entry.column) in held and entry.size <= files.INLINE_LIMIT:
            found.setdefault((entry.table, entry.column), set()).add(entry.sha256)
    return found


def _cells(batch: pa.RecordBatch, table: Table, small: SmallFiles) -> Iterator[pa.Array]:
    """The texts a digest sums: of a column held under files/, what its cells are in an archive."""
    for column, values in zip(table.columns, batch.columns, strict=True):
        if column.held is not Held.FILES:
            yield to_text(values, column.type)
            continue
        cells = files.hold(values, column, _elsewhere)
        hashes = small.get((table.name, column.name))
        yield _by_hash(cells, values, hashes) if hashes else cells


def _by_hash(cells: pa.Array, values: pa.Array, hashes: Collection[str]) -> pa.Array:
    """The cells, those whose content is among these by its hash."""
    known = [hashlib.sha256(files.content_of(value)).hexdigest() if value.is_valid else "" for value in values]
    named = [f"{files.BY_HASH}{sha256}" if sha256 in hashes else None for sha256 in known]
    return pc.coalesce(pa.array(named, pa.string()), cells)


def _elsewhere(_row: int, _content: pa.Buffer, _sha256: str) -> None:
    """Nothing is kept: it is only asked for its hash."""


def _differences(reading: Reading, archive: Archive, archived: ArchivedTable) -> Sequence[Difference]:
    table = archived.table
    with workbench(widest=len(table.columns)) as bench:
        bench.schema("arc")
        bench.ingest("arc", table.name, archive.scan(table.name), arrow_schema(table))
        staged = Staged(table=table, columns=table.column_names, key=table.primary_key)
        expected = f"SELECT * FROM arc.{quoted(table.name)}"
        return compare(bench, staged, expected, lambda found: _rows(reading, found)).differences
