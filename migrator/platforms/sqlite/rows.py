"""Reading rows: a predicate becomes SQL over key tables in the temp schema, a cursor becomes RecordBatches."""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pyarrow as pa

from migrator.contracts import Among, Matching, Predicate, Whole
from migrator.platforms.relational.sqltext import listed, quoted
from migrator.platforms.sqlite.connect import encoding_of
from migrator.platforms.sqlite.identity import stored_key, stored_rowid
from migrator.platforms.sqlite.types import Misfit, compared_as, fidelity_of, placeholder, selected, to_array, to_values
from storage.errors import Recast
from storage.schema import Column, Kind, Table, Type

BATCH_ROWS = 8_192
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
        self._cursor: sqlite3.Cursor | None = None
        self._rowid = None if table.is_view else stored_rowid(connection, table.name)
        self._condition = self._prepared(predicate)

    def __enter__(self) -> Selection:
        return self

    def __exit__(self, *_: object) -> None:
        # refused while another scan still reads, or where the connection is closed: the tables go with it then
        with suppress(sqlite3.OperationalError, sqlite3.ProgrammingError):
            if self._cursor:
                self._cursor.close()
            for name in self._key_tables:
                self._connection.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def execute(self, expressions: Sequence[str], *, ordered: bool = True) -> sqlite3.Cursor:
        """Run the selection for these expressions over alias `t`."""
        order = f" ORDER BY {self._order()}" if ordered else ""
        self._cursor = self._connection.execute(
            f"SELECT {', '.join(expressions)} FROM {self._live} t WHERE {self._condition}{order}", self._parameters
        )
        return self._cursor

    @property
    def _live(self) -> str:
        return f"main.{quoted(self._table.name)}"

    def _order(self) -> str:
        if key := self._table.primary_key:
            return listed(key, "t.")
        if self._rowid:
            return f"t.{self._rowid}"
        key = stored_key(self._connection, self._table.name)
        return listed(key or self._table.column_names, "t.")  # without any, equal rows may come in any order

    def _prepared(self, predicate: Predicate) -> str:
        """The condition on alias `t`; never a join, so that no row comes twice however many keys equal it."""
        if isinstance(predicate, Whole):
            return "true"
        if isinstance(predicate, Matching):
            return self._matching(predicate)
        if isinstance(predicate, Among):
            return self._among(predicate)
        return " OR ".join(f"({self._prepared(part)})" for part in predicate.among) or "false"

    def _matching(self, predicate: Matching) -> str:
        if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in predicate.values):
            return "false"  # no integer is so large, and none could be given
        self._parameters.extend(value for value in predicate.values if value is not None)
        return " AND ".join(
            f"t.{quoted(column)} {'IS NULL' if value is None else '= ?'}"
            for column, value in zip(predicate.columns, predicate.values, strict=True)
        )

    def _among(self, predicate: Among) -> str:
        keys, columns = self._fill(predicate), predicate.columns
        row = self._rowid
        if predicate.of and not self._compare_alike(predicate):
            # the plus takes the row's own type away: the parent's counts. No index of the row's table serves this
            on = " AND ".join(f"k.k{i} = +t.{quoted(column)}" for i, column in enumerate(columns))
            condition = f"EXISTS (SELECT 1 FROM temp.{keys} k WHERE {on})"
        elif len(columns) == 1 or row is None:
            names = ", ".join(self._given(predicate, i) for i in range(len(columns)))
            condition = f"({listed(columns, 't.')}) IN (SELECT {names} FROM temp.{keys})"
        elif not self._is_indexed(columns):
            on = " AND ".join(f"t.{quoted(name)} = {self._given(predicate, i, 'k.')}" for i, name in enumerate(columns))
            condition = f"EXISTS (SELECT 1 FROM temp.{keys} k WHERE {on})"  # the table is read once
        else:
            # row values would search the index by their first column only; a join from the keys uses all of it
            on = " AND ".join(f"o.{quoted(name)} = {self._given(predicate, i, 'k.')}" for i, name in enumerate(columns))
            condition = f"t.{row} IN (SELECT o.{row} FROM temp.{keys} k CROSS JOIN {self._live} o WHERE {on})"
        return f"{condition} AND {self._matching(predicate.when)}" if predicate.when else condition

    def _is_indexed(self, columns: Sequence[str]) -> bool:
        """Whether some index begins with all of these: a part of them may be the same in every row of a tenant."""
        rows = self._connection.execute(
            "SELECT l.name, i.name FROM pragma_index_list(?, 'main') l, pragma_index_info(l.name, 'main') i"
            " WHERE NOT l.partial ORDER BY l.name, i.seqno",
            (self._table.name,),
        )
        indexes = [[name for _, name in some] for _, some in itertools.groupby(rows, key=lambda row: row[0])]
        return any(set(index[: len(columns)]) == set(columns) for index in indexes)

    def _compare_alike(self, predicate: Among) -> bool:
        """Whether the row's columns compare as the parent's do: how a view's do, no catalog says."""
        if self._table.is_view:
            return False
        pairs = zip((self._table.column(name) for name in predicate.columns), predicate.of, strict=True)
        return all(
            (compared_as(ours), ours.collation) == (compared_as(theirs), theirs.collation) for ours, theirs in pairs
        )

    def _given(self, predicate: Among, i: int, prefix: str = "") -> str:
        """The i-th key; without a type of its own where the column's must count, as for a number among texts."""
        column, kind = self._table.column(predicate.columns[i]), predicate.keys.types[i].kind
        return f"{'+' if compared_as(column) == 'TEXT' and kind is not Kind.TEXT else ''}{prefix}k{i}"

    def _fill(self, predicate: Among) -> str:
        keys, name = predicate.keys, f"keys_{next(_counter)}"
        columns = ", ".join(f"k{i}" for i in range(len(predicate.columns)))
        typed = columns
        if predicate.of:
            typed = ", ".join(f"k{i} {_compared_as(column)}" for i, column in enumerate(predicate.of))
        self._connection.execute(f"CREATE TEMP TABLE {name} ({typed}, PRIMARY KEY ({columns})) WITHOUT ROWID")
        self._key_tables.append(name)
        marks = ", ".join(map(placeholder, keys.types))
        for batch in keys.batches():
            columns_and_types = zip(batch.columns, keys.types, strict=True)
            values = [part for array, type_ in columns_and_types for part in to_values(array, type_)]
            self._connection.executemany(
                f"INSERT OR IGNORE INTO temp.{name} VALUES ({marks})",
                zip(*values, strict=True),
            )
        return name


def _compared_as(column: Column) -> str:
    """A declaration that compares as the column does."""
    return f"{compared_as(column)} COLLATE {quoted(column.collation or 'BINARY')}"


def scan(
    connection: sqlite3.Connection,
    table: Table,
    predicate: Predicate,
    *,
    columns: Sequence[str] | None = None,
    distinct: bool = False,
) -> Iterator[pa.RecordBatch]:
    """The selected rows as batches of at most BATCH_ROWS rows and about BATCH_BYTES.

    Recast where a value does not fit the type its column is given.
    """
    chosen = [table.column(name) for name in columns] if columns is not None else list(table.columns)
    encoding = encoding_of(connection)
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
