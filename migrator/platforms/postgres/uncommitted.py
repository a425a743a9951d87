"""Rows as the merge transaction itself sees them: on its own connection, which ADBC cannot share, as CSV text."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import psycopg
import pyarrow as pa

from migrator.contracts import Predicate
from migrator.platforms.postgres.relation import relations
from migrator.platforms.postgres.rows import Selection
from migrator.platforms.postgres.types import selected
from migrator.platforms.postgres.wire import as_literal
from migrator.platforms.relational.sqltext import quoted
from storage.csvtext import read_texts, rows_without_columns
from storage.errors import Recast
from storage.schema import NULL_TOKEN, Column, Kind, Table
from storage.types import arrow_schema, from_text

_BLOCK_BYTES = 4 << 20
_BLOCK_ROWS = 8_192
_FORMS = {
    Kind.TIMESTAMPTZ: "({0} AT TIME ZONE 'UTC')::text || 'Z'",
    Kind.BINARY: "replace(encode({0}, 'base64'), E'\\n', '')",
    Kind.BOOLEAN: "{0}::text",
    Kind.FLOAT: "{0}::double precision",  # the few digits of a real name another double than the one it is
}


def scan(
    connection: psycopg.Connection, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """The selected rows, typed as `table` has its columns. Recast where a value does not fit."""
    chosen = tuple(table.column(name) for name in columns) if columns is not None else table.columns
    told = Table(name=table.name, columns=chosen)
    _, known = relations(connection)
    selection = Selection(relation=known[table.name], predicate=predicate, ask=lambda query: _asked(connection, query))
    expressions = [_text(column) for column in chosen]
    for statement in selection.statements(expressions):
        for block, rows in _blocks(connection, statement):
            yield _typed(told, block, rows)


def _text(column: Column) -> str:
    name = f"t.{quoted(column.name)}"
    form = _FORMS.get(column.type.kind)
    return form.format(name) if form else selected(column, name)


def _blocks(connection: psycopg.Connection, statement: str) -> Iterator[tuple[bytes, int]]:
    """CSV of whole rows, a few MiB at a time; the server sends row by row."""
    copy_out = f"COPY ({statement}) TO STDOUT (FORMAT csv, FORCE_QUOTE *, NULL '{NULL_TOKEN}')"
    with connection.cursor() as cursor, cursor.copy(copy_out.encode()) as copy:
        rows: list[bytes] = []
        size = 0
        for row in copy:
            rows.append(bytes(row))
            size += len(row)
            if size >= _BLOCK_BYTES or len(rows) >= _BLOCK_ROWS:
                yield b"".join(rows), len(rows)
                rows, size = [], 0
        if rows:
            yield b"".join(rows), len(rows)


def _typed(table: Table, block: bytes, rows: int) -> pa.RecordBatch:
    if not table.columns:
        return rows_without_columns(rows)
    [texts] = (
        pa.Table.from_batches(read_texts(io.BytesIO(block), table, has_header=False, longest=len(block)))
        .combine_chunks()
        .to_batches()
    )
    arrays = []
    for column, array in zip(table.columns, texts.columns, strict=True):
        try:
            arrays.append(from_text(array, column.type))
        except pa.ArrowInvalid as error:
            raise Recast(table.name, as_literal(column)) from error
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(table))


def _asked(connection: psycopg.Connection, query: str) -> pa.Table:
    """The result of a query whose every column is a whole number or a text."""
    cursor = connection.execute(query.encode())
    names = [column.name for column in cursor.description or ()]
    rows = cursor.fetchall()
    return pa.table([pa.array([row[i] for row in rows]) for i in range(len(names))], names)  # of which some are alike
