"""Reading rows: a predicate becomes SQL over key tables in the temp schema, a cursor becomes RecordBatches."""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from migrator.contracts import Among, Keys, Matching, Predicate, Whole
from migrator.platforms.sql import listed, quoted
from migrator.platforms.sqlite.types import Misfit, fidelity_of, selected, to_array, to_values
from storage.errors import Recast
from storage.schema import Column, Kind, Table, Type

BATCH_ROWS = 16_384
BATCH_BYTES = 8 << 20
_VARIANT = Type(kind=Kind.VARIANT)
_UNDECODABLE = re.compile(r"Could not decode to UTF-8 column '(?:c)(\d+)'")
_counter = itertools.count()


class Selection:
    """A predicate made ready on one connection: its key tables are filled; leaving the context drops them."""

    def __init__(self, connection: sqlite3.Connection, table: Table, predicate: Predicate) -> None:
        self._connection = connection
        self._table = table
        self._key_tables: list[str] = []
        self._parameters: list[Any] = []
        self._from, self._where, self._order = self._prepare(predicate)

    def __enter__(self) -> Selection:
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._key_tables:
            self._connection.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def execute(self, expressions: Sequence[str], *, ordered: bool = True) -> sqlite3.Cursor:
        """Run the selection for these expressions over alias `t`."""
        order = f" ORDER BY {self._order}" if ordered and self._order else ""
        return self._connection.execute(
            f"SELECT {', '.join(expressions)} FROM {self._from}{self._where}{order}",
            self._parameters,
        )

    def _prepare(self, predicate: Predicate) -> tuple[str, str, str]:
        table, identity = f"main.{quoted(self._table.name)} t", self._identity()
        own_order = listed(self._table.primary_key, "t.") if self._table.primary_key else "t.rowid"
        if isinstance(predicate, Whole):
            return table, "", own_order
        if isinstance(predicate, Matching):
            return table, f" WHERE {self._matching(predicate)}", own_order
        if isinstance(predicate, Among):
            keys, on = self._among(predicate)
            # the key table is the outer loop: the cost follows the keys, not the table
            order = listed(predicate.columns, "t.") if predicate.columns == self._table.primary_key else own_order
            return f"{keys} CROSS JOIN {table}", f" WHERE {on}", order
        return table, f" WHERE ({identity}) IN ({' UNION '.join(map(self._identities, predicate.among))})", own_order

    def _identity(self) -> str:
        return listed(self._table.primary_key, "t.") if self._table.primary_key else "t.rowid"

    def _identities(self, part: Among | Matching) -> str:
        table = f"main.{quoted(self._table.name)} t"
        if isinstance(part, Matching):
            return f"SELECT {self._identity()} FROM {table} WHERE {self._matching(part)}"
        keys, on = self._among(part)
        return f"SELECT {self._identity()} FROM {keys} CROSS JOIN {table} WHERE {on}"

    def _matching(self, predicate: Matching) -> str:
        self._parameters.extend(predicate.values)
        return " AND ".join(f"t.{quoted(column)} = ?" for column in predicate.columns)

    def _among(self, predicate: Among) -> tuple[str, str]:
        name = self._fill(predicate.keys, len(predicate.columns))
        conditions = [f"t.{quoted(column)} = {name}.k{i}" for i, column in enumerate(predicate.columns)]
        if predicate.when:
            conditions.append(self._matching(predicate.when))
        return f"temp.{name}", " AND ".join(conditions)

    def _fill(self, keys: Keys, width: int) -> str:
        name = f"keys_{next(_counter)}"
        columns = ", ".join(f"k{i}" for i in range(width))
        self._connection.execute(f"CREATE TEMP TABLE {name} ({columns}, PRIMARY KEY ({columns})) WITHOUT ROWID")
        self._key_tables.append(name)
        marks = ", ".join("?" * width)
        for batch in keys.batches():
            values = [to_values(array, type_) for array, type_ in zip(batch.columns, keys.types, strict=True)]
            self._connection.executemany(
                f"INSERT OR IGNORE INTO temp.{name} VALUES ({marks})",
                zip(*values, strict=True),
            )
        return name


def scan(
    connection: sqlite3.Connection,
    table: Table,
    predicate: Predicate,
    *,
    columns: Sequence[str] | None = None,
    distinct: bool = False,
    encoding: str = "UTF-8",
) -> Iterator[pa.RecordBatch]:
    """The selected rows as batches of at most BATCH_ROWS rows and about BATCH_BYTES; Recast where a value does not fit."""
    chosen = [table.column(name) for name in columns] if columns is not None else list(table.columns)
    with Selection(connection, table, predicate) as selection:
        expressions = [expression for column in chosen for expression in selected(column, f"t.{quoted(column.name)}")]
        named = [f"{expression} AS c{i}" for i, expression in enumerate(expressions)] or ["1 AS c0"]
        if distinct:
            named[0] = f"DISTINCT {named[0]}"
        cursor = selection.execute(named, ordered=not distinct)
        try:
            for rows in _chunks(cursor, measured=any(column.type.kind in _MAY_BE_LARGE for column in chosen)):
                yield _batch(table, chosen, rows, encoding)
        except sqlite3.OperationalError as error:
            found = _UNDECODABLE.search(str(error))
            if not found:
                raise
            owner = [column for column in chosen for _ in selected(column, "")][int(found.group(1))]
            raise Recast(table.name, _as_variant(owner)) from error


_MAY_BE_LARGE = (Kind.BINARY, Kind.VARIANT, Kind.TEXT)


def _chunks(cursor: sqlite3.Cursor, *, measured: bool) -> Iterator[list[tuple[Any, ...]]]:
    """Rows in groups; `measured` keeps a group's text and bytes near BATCH_BYTES by growing from a single row."""
    if not measured:
        while rows := cursor.fetchmany(BATCH_ROWS):
            yield rows
        return
    group: list[tuple[Any, ...]] = []
    size = 0
    for row in cursor:
        group.append(row)
        size += sum([len(value) for value in row if value.__class__ is str or value.__class__ is bytes])
        if size >= BATCH_BYTES or len(group) >= BATCH_ROWS:
            yield group
            group, size = [], 0
    if group:
        yield group


def _batch(table: Table, chosen: Sequence[Column], rows: list[tuple[Any, ...]], encoding: str) -> pa.RecordBatch:
    if not chosen:
        return pa.RecordBatch.from_struct_array(pa.array([{}] * len(rows), pa.struct([])))
    values = iter(zip(*rows, strict=True))
    arrays = []
    for column in chosen:
        parts = [next(values) for _ in selected(column, "")]
        try:
            arrays.append(to_array(column, parts, encoding))
        except Misfit as error:
            raise Recast(table.name, _as_variant(column)) from error
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in chosen])


def _as_variant(column: Column) -> Column:
    return replace(column, type=_VARIANT, fidelity=fidelity_of(_VARIANT))
