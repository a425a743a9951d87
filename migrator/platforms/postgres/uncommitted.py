"""Rows as the merge transaction itself sees them: on its own connection, which ADBC cannot share, as CSV text."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

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
    _, known = relations(connection, table.name)
    selection = Selection(relation=known[table.name], predicate=predicate, ask=lambda query: _asked(connection, query))
    expressions = [_text(column) for column in chosen]
    for statement in selection.statements(expressions):
        yield from (_typed(told, block) for block in _blocks(connection, statement))


def _text(column: Column) -> str:
    name = f"t.{quoted(column.name)}"
    form = _FORMS.get(column.type.kind)
    return form.format(name) if form else selected(column, name)


@dataclass(kw_only=True)
class _Block:
    """CSV of whole rows, until it is taken: one row may be large, and nothing of it is to be held twice."""

    lines: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, line: bytes) -> None:
        self.lines.append(line)
        self.size += len(line)

    @property
    def is_full(self) -> bool:
        return self.size >= _BLOCK_BYTES or len(self.lines) >= _BLOCK_ROWS

    def taken(self) -> bytes:
        """The text; the block is empty then."""
        text = b"".join(self.lines)
        self.lines.clear()
        self.size = 0
        return text


def _blocks(connection: psycopg.Connection, statement: str) -> Iterator[_Block]:
    """A few MiB at a time; the server sends row by row."""
    copy_out = f"COPY ({statement}) TO STDOUT (FORMAT csv, FORCE_QUOTE *, NULL '{NULL_TOKEN}')"
    block = _Block()
    with connection.cursor() as cursor, cursor.copy(copy_out.encode()) as copy:
        while line := copy.read():
            block.add(bytes(line))
            del line
            if block.is_full:
                yield block
        if block.lines:
            yield block


def _typed(table: Table, block: _Block) -> pa.RecordBatch:
    rows, longest = len(block.lines), block.size
    if not table.columns:
        block.taken()
        return rows_without_columns(rows)
    texts = pa.Table.from_batches(
        read_texts(io.BytesIO(block.taken()), table, has_header=False, longest=longest)
    ).combine_chunks()
    arrays = []
    for position, column in enumerate(table.columns):
        (text,) = texts.column(position).chunks
        try:
            arrays.append(from_text(text, column.type))
        except pa.ArrowInvalid as error:
            raise Recast(table.name, as_literal(column)) from error
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(table))


def _asked(connection: psycopg.Connection, query: str) -> pa.Table:
    """The result of a query whose every column is a whole number or a text."""
    cursor = connection.execute(query.encode())
    names = [column.name for column in cursor.description or ()]
    rows = cursor.fetchall()
    return pa.table([pa.array([row[i] for row in rows]) for i in range(len(names))], names)  # of which some are alike
