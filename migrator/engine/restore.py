"""An archive back into an empty platform of its kind: built from descriptions, filled, read again and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from mappings.quote import identifier as quoted
from migrator.contracts import Reading, Rebuilding, Source, Staged, Target, Whole
from migrator.engine.compare import compare
from migrator.engine.order import parents_first
from migrator.engine.workbench import workbench
from migrator.outcomes import Difference, Progress, Tick, Verdict, silent
from storage import files
from storage.archive import Archive, ArchivedTable
from storage.digest import TableDigest
from storage.errors import Misuse, Recast
from storage.problem import Problem
from storage.schema import Held, Table
from storage.types import arrow_schema, to_text


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
    """`notes` tell what could not be as it was declared; `differences` the first of each table that is not equal."""

    archive: str
    read_from: str  # parquet | csv
    tables: tuple[RestoredTable, ...]
    notes: tuple[Problem, ...]
    differences: tuple[Difference, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def verdict(self) -> Verdict:
        return Verdict.of(all(table.is_equal for table in self.tables))


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
    tables = parents_first([archived.table for archived in archive.tables])
    with target.rebuilding(tables, archive.model()) as rebuilding:
        for table in tables:
            _fill(rebuilding, archive, table, master=master, progress=progress)
        progress(Tick(step="keys, constraints and indexes"))
        notes = rebuilding.finish()
    with source().fence() as reading:
        restored = tuple(_read_again(reading, archived, progress) for archived in archive.tables)
        differing = [archive.table(table.name) for table in restored if not table.is_equal]
        differences = tuple(found for archived in differing for found in _differences(reading, archive, archived))
    return Restored(
        archive=archive.location,
        read_from="csv" if master else "parquet",
        tables=restored,
        notes=notes,
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


def _read_again(reading: Reading, archived: ArchivedTable, progress: Progress) -> RestoredTable:
    progress(Tick(step="verify", what=archived.table.name, total=archived.rows))
    digest = TableDigest(archived.table)
    try:
        for batch in _rows(reading, archived.table):
            digest.add(list(_cells(batch, archived.table)), batch.num_rows)
        found = str(digest)
    except Recast as recast:  # a value that is not even of the archived type
        found = f"{recast.column.name} holds other values"
    return RestoredTable(name=archived.table.name, rows=digest.rows, digest=archived.digest, found=found)


def _rows(reading: Reading, table: Table) -> Iterator[pa.RecordBatch]:
    return reading.scan(table, Whole(), columns=table.column_names)


def _cells(batch: pa.RecordBatch, table: Table) -> Iterator[pa.Array]:
    """The texts a digest sums: of a column held under files/, what its cells are in an archive."""
    for column, values in zip(table.columns, batch.columns, strict=True):
        yield files.hold(values, column, _elsewhere) if column.held is Held.FILES else to_text(values, column.type)


def _elsewhere(_row: int, _content: bytes, _sha256: str) -> None:
    """Nothing is kept: it is only asked for its hash."""


def _differences(reading: Reading, archive: Archive, archived: ArchivedTable) -> Sequence[Difference]:
    table = archived.table
    with workbench() as bench:
        bench.schema("arc")
        bench.ingest("arc", table.name, archive.scan(table.name), arrow_schema(table))
        staged = Staged(table=table, columns=table.column_names, key=table.primary_key)
        expected = f"SELECT * FROM arc.{quoted(table.name)}"
        return compare(bench, staged, expected, lambda found: _rows(reading, found)).differences
