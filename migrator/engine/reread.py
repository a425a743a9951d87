"""Restored tables, read again as a snapshot reads them: their digests, and the numbers their rows have."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from migrator.contracts import Numbered, Reading, Whole
from migrator.outcomes import Progress, Tick
from storage import files
from storage.archive import Archive, ArchivedTable
from storage.digest import TableDigest
from storage.errors import Recast
from storage.problem import Problem
from storage.schema import Held, Kind, Table
from storage.types import to_text

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


class Reread:
    """One pass over each table. `numbered`: what sequences of the platform would give next."""

    def __init__(self, reading: Reading, archive: Archive, numbered: Sequence[Numbered], progress: Progress) -> None:
        self._reading = reading
        self._small = _small_files(archive)
        self._numbered = numbered
        self._progress = progress
        self._furthest: dict[Numbered, int] = {}

    def table(self, archived: ArchivedTable) -> RestoredTable:
        self._progress(Tick(step="verify", what=archived.table.name, total=archived.rows))
        digest = TableDigest(archived.table)
        try:
            for batch in rows_of(self._reading, archived.table):
                digest.add(list(_cells(batch, archived.table, self._small)), batch.num_rows)
                self._number(batch, archived.table)
            found = str(digest)
        except Recast as recast:  # a value that is not even of the archived type
            found = f"{recast.column.name} holds other values"
        return RestoredTable(name=archived.table.name, rows=digest.rows, digest=archived.digest, found=found)

    def behind(self, told: Sequence[Problem]) -> Iterator[Problem]:
        """Sequences that would give a number some row has, or one beyond which there are more; but for what is told."""
        for numbered, furthest in self._furthest.items():
            where = f"{numbered.table}.{numbered.column}"
            is_told = any(note.where == where or note.what.startswith(f"{where}:") for note in told)
            if (numbered.following - furthest) * numbered.step <= 0 and not is_told:
                what = f"its sequence gives {numbered.following} next, and rows have numbers up to {furthest}"
                yield Problem(where=where, what=what, next="move the sequence beyond them, and report it")

    def _number(self, batch: pa.RecordBatch, table: Table) -> None:
        for one in self._numbered:
            if one.table == table.name and table.column(one.column).type.kind is Kind.INTEGER:
                least, most = pc.min_max(batch.column(table.column_names.index(one.column))).as_py().values()
                if least is not None:
                    known = self._furthest.get(one, least)
                    self._furthest[one] = max(known, most) if one.step > 0 else min(known, least)


def rows_of(reading: Reading, table: Table) -> Iterator[pa.RecordBatch]:
    return reading.scan(table, Whole(), columns=table.column_names)


# ── as cells stand in an archive ────────────────────────────────────────────────────────────────────────────
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
