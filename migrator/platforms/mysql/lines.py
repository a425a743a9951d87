"""Arrow batches as the server reads them: lines for LOAD DATA, value lists for INSERT. Whole arrays at a time."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from migrator.platforms.mysql.types import base_name
from migrator.platforms.relational.sqltext import listed, literal, quoted
from storage.csvtext import RECORD_END, encoded, records
from storage.schema import Column, Kind, Table, Type
from storage.types import Variant, to_text

NULL = "NULL"
"""Bare it is NULL; the text NULL stands in quotes."""

_BINARY = Type(kind=Kind.BINARY)
_LARGE_KINDS = (Kind.BINARY, Kind.TEXT, Kind.JSON, Kind.LITERAL)  # in whose own bytes their text is
_LARGE = 16 << 20  # bytes of a batch: one that is more has values whose copies count
_PIECE = 3 << 20  # of a multiple of three bytes base64 can be put together
_MOST_BYTES = 1 << 20  # of one INSERT: servers take 16 MiB at least, 1 MiB where somebody saved memory


def load_data(path: str, table: Table, name: str) -> str:
    """The statement that reads the lines at `path` into the table."""
    fields = ", ".join(
        f"@c{number}" if _made(column, "") else quoted(column.name) for number, column in _numbered(table)
    )
    made = [
        f"{quoted(column.name)} = {_made(column, f'@c{number}')}"
        for number, column in _numbered(table)
        if _made(column, "")
    ]
    return (
        f"LOAD DATA LOCAL INFILE {literal(path)} INTO TABLE {name} CHARACTER SET utf8mb4"
        " FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' LINES TERMINATED BY X'0D0A'"
        f" ({fields}){f' SET {chr(44).join(made)}' if made else ''}"
    )


def lines(batch: pa.RecordBatch, table: Table) -> Iterator[bytes]:
    """The batch as LOAD DATA reads it, every value in quotes, NULL bare; large rows in pieces, copied once each."""
    if batch.nbytes > _LARGE:
        for number in range(batch.num_rows):
            yield from _large(batch.slice(number, 1), table)
    else:
        yield encoded(records(_fields(batch, table, '"'), batch.num_rows, [NULL] * len(table.columns)))


def _large(row: pa.RecordBatch, table: Table) -> Iterator[bytes]:
    for number, (column, cell) in enumerate(zip(table.columns, row.columns, strict=True)):
        if number:
            yield b","
        if column.type.kind in _LARGE_KINDS and cell.null_count == 0:
            yield b'"'
            yield from _pieces(column, memoryview(cell[0].as_buffer()))
            yield b'"'
        else:
            yield str(_field(column, cell, '"')[0].as_py() or NULL).encode()
    yield RECORD_END


def _pieces(column: Column, value: memoryview) -> Iterator[bytes]:
    for start in range(0, len(value), _PIECE):
        piece = value[start : start + _PIECE]
        yield base64.b64encode(piece) if column.type.kind is Kind.BINARY else bytes(piece).replace(b'"', b'""')


def inserts(batch: pa.RecordBatch, table: Table, name: str) -> Iterator[str]:
    """Statements that insert the batch, each of a size any server takes (but for a single larger row)."""
    made = [
        pc.binary_join_element_wise(*_around(column, array)) if _made(column, "") else array
        for column, array in zip(table.columns, _fields(batch, table, "'"), strict=True)
    ]
    rows = pc.binary_join_element_wise("(", records(made, batch.num_rows, [NULL] * len(table.columns)), ")", "")
    head = f"INSERT INTO {name} ({listed(table.column_names)}) VALUES "
    group: list[str] = []
    size = 0
    for row in rows.to_pylist():
        if group and size + len(row) > _MOST_BYTES:
            yield head + ", ".join(group)
            group, size = [], 0
        group.append(row)
        size += len(row)
    if group:
        yield head + ", ".join(group)


def _around(column: Column, array: pa.Array) -> tuple[str, pa.Array, str, str]:
    before, after = (_made(column, "\0") or "\0").split("\0")
    return before, array, after, ""


def _numbered(table: Table) -> list[tuple[int, Column]]:
    return list(enumerate(table.columns))


def _fields(batch: pa.RecordBatch, table: Table, quote: str) -> list[pa.Array]:
    return [_field(column, array, quote) for column, array in zip(table.columns, batch.columns, strict=True)]


def _field(column: Column, array: pa.Array, quote: str) -> pa.Array:
    return pc.binary_join_element_wise(quote, pc.replace_substring(_texts(column, array), quote, quote * 2), quote, "")


def _texts(column: Column, array: pa.Array) -> pa.Array:
    """Cells as the server writes them itself; bytes, and text that no line could hold, as base64."""
    if column.type.kind is Kind.VARIANT:
        array, column = _bytes_of(array), replace(column, type=_BINARY)
    texts = to_text(array, column.type)
    if column.type.kind in (Kind.TIMESTAMP, Kind.TIMESTAMPTZ):
        return pc.utf8_rtrim(pc.replace_substring(texts, "T", " "), characters="Z")
    return texts


def _bytes_of(variants: pa.Array) -> pa.Array:
    """The bytes of tagged texts."""
    bodies = [None if cell is None else Variant.decode(cell)[1] for cell in variants.to_pylist()]
    return pa.array([body if isinstance(body, bytes | None) else str(body).encode() for body in bodies], pa.binary())


def _made(column: Column, text: str) -> str | None:
    """The expression that makes the value of its text, where the server would not do so by itself."""
    if column.type.kind is Kind.BINARY:
        return f"FROM_BASE64({text})"
    if column.type.kind is Kind.VARIANT:
        return f"CONVERT(FROM_BASE64({text}) USING utf8mb4)"
    if column.identity:
        return f"({text})"  # or, beside others that are made, the server would number a 0
    base = base_name(column.native)
    if base == "year":
        return f"LPAD({text}, 4, '0')"  # or a year 0 would be one of 2000
    return f"CAST({text} AS UNSIGNED)" if base == "bit" else None
