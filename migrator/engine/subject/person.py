"""The person an export is about: a row of a table of people, as somebody names it, and proven to be the tenant's."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from mappings.nearest import nearest
from migrator.contracts import Matching, Reading
from migrator.engine.equality import with_column
from migrator.plan import TableRoot
from migrator.plan.nouns import Scalar
from storage.errors import Misuse, Recast
from storage.schema import Column, Kind, Schema, Table
from storage.types import to_text

_KEYS = frozenset({Kind.INTEGER, Kind.TEXT, Kind.UUID})
_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.VARIANT})
OPTION = "--subject"
_BY_KEY = "name one row by its key: table=key, or table.column=value"


@dataclass(frozen=True, kw_only=True)
class Person:
    """One row of `table`, told apart by `column`; `values` are its cells as text, by column."""

    table: Table
    column: str
    value: Scalar
    values: dict[str, str | None]

    @property
    def root(self) -> TableRoot:
        """Their row as a root: by its key where a plan can hold one, and as the source shows it."""
        key = [(self.table.column(name), self.values[name]) for name in self.table.primary_key]
        where: tuple[tuple[str, Scalar], ...] = ((self.column, self.value),)
        if key and all(column.type.kind in _KEYS for column, _ in key):
            where = tuple((column.name, _typed(column, value or "")) for column, value in key)
        return TableRoot(table=self.table.name, where=where, at=OPTION)

    @property
    def key(self) -> dict[str, str | None]:
        return {name: self.values[name] for name in self.table.primary_key or (self.column,)}


def find_person(reading: Reading, said: str, tenant: str) -> Person:
    """The one row that `TABLE=KEY` or `TABLE.COLUMN=VALUE` names. Misuse where the tenant has none, or several."""
    table, column, value = _said(reading.schema, said)
    matching = Matching(columns=(column,), values=(value,))
    nobody = f"is not a person of tenant {tenant!r}"
    try:
        table, rows, first = _read(reading, table, matching)
    except Misuse as refused:  # what no such column holds
        raise Misuse(f"{said} {nobody}: {refused.what}", where=OPTION, next=_BY_KEY) from refused
    if rows != 1:
        raise Misuse(f"{said} {f'names {rows} rows' if rows else nobody}", where=OPTION, next=_BY_KEY)
    return Person(table=table, column=column, value=value, values=first)


def _said(schema: Schema, said: str) -> tuple[Table, str, Scalar]:
    named, equals, value = said.partition("=")
    if not equals or not value:
        raise _unclear(said, "write table=key or table.column=value")
    if named in schema.table_names:
        table = schema.table(named)
        if len(table.primary_key) != 1:
            raise _unclear(said, f"{named} has no key of one column: write {named}.column=value")
        return table, table.primary_key[0], _typed(table.column(table.primary_key[0]), value)
    name, _, column = named.rpartition(".")
    if name not in schema.table_names:
        raise _unclear(said, nearest(name or named, schema.table_names))
    table = schema.table(name)
    if column not in table.column_names:
        raise _unclear(said, nearest(column, table.column_names))
    return table, column, _typed(table.column(column), value)


def _unclear(said: str, next_: str) -> Misuse:
    return Misuse(f"the source has no such person: {said!r}", where=OPTION, next=next_)


def _typed(column: Column, value: str) -> Scalar:
    return int(value) if column.type.kind in _NUMBERS and value.removeprefix("-").isdecimal() else value


def _read(reading: Reading, table: Table, matching: Matching) -> tuple[Table, int, dict[str, str | None]]:
    """The table, its columns typed by what the rows hold, how many there are, and the first: any may be a million."""
    while True:
        rows: int = 0
        first: dict[str, str | None] = {}
        try:
            for batch in reading.scan(table, matching):
                if batch.num_rows and not rows:
                    [first] = _texts(table, batch.slice(0, 1)).to_pylist()
                rows += batch.num_rows
            return table, rows, first
        except Recast as recast:
            table = with_column(table, recast.column)


def _texts(table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
    texts = [to_text(column, of.type) for column, of in zip(batch.columns, table.columns, strict=True)]
    return pa.RecordBatch.from_arrays(texts, names=list(table.column_names))
