"""The CSV master: RFC 4180 made strict, so that NULL, '' and the text of a NULL token never merge.

Fields of QUOTED_KINDS are always quoted, the others never; NULL is the column's token, bare; every record ends with
CRLF. Whole arrays at a time: nothing here touches a single value. docs/archive-format.md § 5 is the specification.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from storage.errors import Red
from storage.schema import NULL_TOKEN, Table
from storage.types import QUOTED_KINDS

RECORD_END = b"\r\n"
_BLOCK, _WIDE_BLOCK = 1 << 20, 4 << 20  # bytes read at a time, more where one record is longer; Arrow reads 32 ahead
_COLUMN_BLOCK = 16 << 10  # of a column: each costs something in every block
_LARGEST_BLOCK = (1 << 31) - 1  # Arrow counts them in 32 bits


def quoted(texts: pa.Array) -> pa.Array:
    """Texts as quoted fields; NULL stays NULL."""
    return pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")


def fields(texts: Sequence[pa.Array], table: Table) -> list[pa.Array]:
    """Each column's cell texts as fields, NULL still NULL."""
    return [
        quoted(array) if column.type.kind in QUOTED_KINDS else array
        for array, column in zip(texts, table.columns, strict=True)
    ]


def records(columns: Sequence[pa.Array], rows: int, tokens: Sequence[str]) -> pa.Array:
    """One string per row, without its CRLF: the fields joined by commas, NULL as that column's token."""
    if not columns:
        return pa.array([""] * rows, pa.string())
    filled = [pc.fill_null(array, token) for array, token in zip(columns, tokens, strict=True)]
    return pc.binary_join_element_wise(*filled, ",")


def master_records(texts: Sequence[pa.Array], rows: int, table: Table) -> pa.Array:
    """The records of the CSV master, from the texts of a batch's cells."""
    return records(fields(texts, table), rows, [column.null_token for column in table.columns])


def encoded(lines: pa.Array) -> bytes:
    """The records as a file holds them: the bytes of the joined array are the bytes of the file."""
    ended = pc.binary_join_element_wise(lines, "\r\n", "")
    _, offsets, data = ended.buffers()
    if data is None:
        return b""
    bounds = memoryview(offsets).cast("i")
    first, last = bounds[ended.offset], bounds[ended.offset + len(ended)]
    return memoryview(data)[first:last].tobytes()


def header(table: Table) -> bytes:
    """The header record: the true column names, quoted."""
    return b",".join(b'"' + name.replace('"', '""').encode() + b'"' for name in table.column_names) + RECORD_END


def read_texts(stream: IO[bytes], table: Table, *, has_header: bool, longest: int) -> Iterator[pa.RecordBatch]:
    """A part's cells as text, one column per table column by position; a bare token is NULL, a quoted one is text.

    `longest` is the number of bytes of the longest record. Red if the part is not what `table` says.
    """
    expected = header(table) if has_header else b""
    if stream.read(len(expected)) != expected:
        raise Red("corrupt: the header is not the described one", where=table.name, next="get another copy")
    start = stream.tell()
    if not stream.read(1):
        return
    stream.seek(start)
    if not table.columns:
        yield from _empty_records(stream, table)
        return
    try:
        yield from _reader(stream, table, longest)
    except pa.ArrowInvalid as error:
        raise Red(f"corrupt: not the described CSV ({error})", where=table.name, next="get another copy") from error


def _reader(stream: IO[bytes], table: Table, longest: int) -> Iterator[pa.RecordBatch]:
    names = [str(position) for position in range(len(table.columns))]
    tokens = {column.null_token for column in table.columns} | {NULL_TOKEN}
    block = min(max(_BLOCK, len(names) * _COLUMN_BLOCK), _WIDE_BLOCK)
    block_size = min(max(block, 2 * longest + 2), _LARGEST_BLOCK)
    # one token list serves every column: all start with a backslash, and no bare field but NULL does
    yield from pcsv.open_csv(
        stream,
        read_options=pcsv.ReadOptions(column_names=names, block_size=block_size, use_threads=False),
        parse_options=pcsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=pcsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=sorted(tokens),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _empty_records(stream: IO[bytes], table: Table) -> Iterator[pa.RecordBatch]:
    while content := stream.read(_BLOCK):
        rows = len(content) // len(RECORD_END)
        if content != RECORD_END * rows:
            raise Red("corrupt: a table without columns has a value", where=table.name, next="get another copy")
        yield rows_without_columns(rows)


def rows_without_columns(rows: int) -> pa.RecordBatch:
    """A batch of a table that has no columns: it still has rows."""
    return pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))
