"""Where the tenant's other rows mention a person: by a reference, or by a value that says who they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from migrator.contracts import Among
from migrator.engine.classify import OWNED, Reference
from migrator.engine.closure import Closure
from migrator.engine.equality import with_column
from migrator.engine.scope import Resolved
from migrator.engine.subject.sought import Sought
from migrator.engine.subject.taken import Taken
from migrator.engine.subject.within import Within
from storage.errors import Recast
from storage.schema import Kind, Table
from storage.types import to_text

_READ = frozenset({Kind.TEXT, Kind.JSON, Kind.VARIANT, Kind.LITERAL})
_SILENT = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.UUID})
_MOST_KEYS = 100
REFERENCE = "reference"


@dataclass(frozen=True, kw_only=True)
class Mention:
    """Rows that are not in the export and mention the person in `column`, found by a reference or a kind of value.

    `keys` are the first hundred rows' keys as texts; none of a table whose keys may say who somebody else is.
    """

    table: str
    column: str
    by: str
    rows: int
    keys: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mentions:
    """`sought` are the columns of the person's row that were looked for, `not_searched` what nobody looked into."""

    sought: tuple[str, ...]
    found: tuple[Mention, ...]
    not_searched: tuple[str, ...]


@dataclass(kw_only=True)
class _Tally:
    rows: int = 0
    keys: list[dict[str, str]] = field(default_factory=list)

    def add(self, table: Table, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        key = table.primary_key
        if not key or any(table.column(name).type.kind not in _SILENT for name in key):
            return
        few = batch.select(list(key)).slice(0, max(0, _MOST_KEYS - len(self.keys)))
        texts = [to_text(column, table.column(name).type) for name, column in zip(key, few.columns, strict=True)]
        self.keys += pa.RecordBatch.from_arrays(texts, names=list(key)).to_pylist()


@dataclass(frozen=True, kw_only=True)
class MentionSearch:
    """Looks through the tenant's own rows (`within`), but for those of the export (`exported`), batch by batch."""

    tenant: Resolved
    within: Within
    export: Closure
    exported: Taken
    person: str  # their table

    def mentions(self, sought: Sequence[Sought]) -> Mentions:
        tables = [t for t in self.within.schema.tables if self.tenant.classified.classes[t.name] == OWNED]
        found = [*self._pointing(), *(one for table in tables for one in self._writing(table, sought))]
        return Mentions(
            sought=tuple(dict.fromkeys(one.columns for one in sought)),
            found=tuple(found),
            not_searched=tuple(self._not_searched(tables)),
        )

    def _not_searched(self, tables: Sequence[Table]) -> Iterator[str]:
        yield from (t.name for t in self.within.schema.tables if self.tenant.classified.classes[t.name] != OWNED)
        yield from (f"{t.name}.{c.name}" for t in tables for c in t.columns if c.type.kind is Kind.BINARY)

    # ── by reference ────────────────────────────────────────────────────────────────────────────────────────
    def _pointing(self) -> Iterator[Mention]:
        for reference in self.tenant.classified.references:
            if reference.parent == self.person and self.tenant.classified.classes[reference.table] == OWNED:
                table = self.within.schema.table(reference.table)
                tally = _Tally()
                for batch in self.within.scan(table, self._to_the_person(reference), columns=self._told_by(table, ())):
                    tally.add(table, self.exported.beside(table, batch))
                yield from _said(table.name, reference.label, REFERENCE, tally)

    def _to_the_person(self, reference: Reference) -> Among:
        return self.export.pointing(reference, self.export.owned_keys(reference))

    # ── by value ────────────────────────────────────────────────────────────────────────────────────────────
    def _writing(self, table: Table, sought: Sequence[Sought]) -> Iterator[Mention]:
        while True:
            try:
                tallies = self._searched(table, sought)
                break
            except Recast as recast:
                table = with_column(table, recast.column)
        for (column, by), tally in tallies.items():
            yield from _said(table.name, column, by, tally)

    def _searched(self, table: Table, sought: Sequence[Sought]) -> dict[tuple[str, str], _Tally]:
        read = [column.name for column in table.columns if column.type.kind in _READ]
        patterns = _patterns(sought)
        tallies = {(column, by): _Tally() for column in read for by in patterns}
        if not tallies:
            return {}
        for batch in self.within.own(table, columns=self._told_by(table, read)):
            for column in read:
                for by, pattern in patterns.items():
                    hits = pc.match_substring_regex(batch.column(column), pattern, ignore_case=True)
                    rows = batch.filter(pc.fill_null(hits, False))
                    if rows.num_rows:
                        tallies[column, by].add(table, self.exported.beside(table, rows))
        return tallies

    def _told_by(self, table: Table, read: Sequence[str]) -> list[str]:
        needed = {*read, *self.exported.columns(table.name)} if self.exported.holds(table.name) else {*read}
        needed.update(table.primary_key)
        return [name for name in table.column_names if name in needed]


def _patterns(sought: Sequence[Sought]) -> dict[str, str]:
    """One for each kind of value, so that a row counts once for each."""
    kinds = dict.fromkeys(one.by.value for one in sought)
    return {by: "|".join(f"(?:{one.pattern})" for one in sought if one.by.value == by) for by in kinds}


def _said(table: str, column: str, by: str, tally: _Tally) -> Iterator[Mention]:
    if tally.rows:
        yield Mention(table=table, column=column, by=by, rows=tally.rows, keys=tuple(tally.keys))
