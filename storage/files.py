"""Values held under data/files/ by their content: attachments, and values too large for a cell.

A cell of a FILES column is `inline:` + the value's text form, or `sha256:` + 64 hexadecimal digits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from storage.schema import Column, Kind, Table, Type
from storage.types import arrow_type, from_text, to_text

INLINE_LIMIT = 1 << 20  # bytes of a value; above it the value lives under files/
INLINE_PREFIX = "inline:"
BY_HASH = "sha256:"
_CELL = rf"\A({INLINE_PREFIX}|{BY_HASH}[0-9a-f]{{64}}\z)"


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """One value under files/: whose cell it is. `row` is the JSON array of its key's texts, or the row's number."""

    table: str
    row: str
    column: str
    name: str | None
    type: str | None  # the media type its row says
    size: int  # bytes
    sha256: str
    content_type: str | None = None  # the media type its first bytes say; None too in archives that do not tell
    location: str | None = None  # what the cell calls the file it names; None where it is the value itself


def _text_column(name: str, *, nullable: bool = False) -> Column:
    return Column(name=name, type=Type(kind=Kind.TEXT), nullable=nullable)


FILES_TABLE = Table(
    name="_files",
    columns=(
        _text_column("table"),
        _text_column("row"),
        _text_column("column"),
        _text_column("name", nullable=True),
        _text_column("type", nullable=True),
        Column(name="size", type=Type(kind=Kind.INTEGER), nullable=False),
        _text_column("sha256"),
        _text_column("content_type", nullable=True),
        _text_column("location", nullable=True),
    ),
    comment="Every value held under files/, with the cell it belongs to",
)


def file_path(sha256: str) -> str:
    """Where the value of that hash stands, relative to data/."""
    return f"files/{sha256[:2]}/{sha256}"


def is_large(array: pa.Array) -> pa.Array:
    """Which values are above the inline limit; False for NULL."""
    return pc.fill_null(pc.greater(pc.binary_length(array), INLINE_LIMIT), False)


def hold(array: pa.Array, column: Column, keep: Callable[[int, pa.Buffer, str], None]) -> pa.Array:
    """The cells of a FILES column; `keep(row, content, sha256)` is called for each value that goes under files/."""
    is_attached = column.attachment is not None and not column.attachment.named
    by_hash = pc.is_valid(array) if is_attached else is_large(array)
    cells = pc.binary_join_element_wise(INLINE_PREFIX, to_text(pc.if_else(by_hash, None, array), column.type), "")
    if not pc.any(by_hash).as_py():
        return cells
    hashes: list[str | None] = [None] * len(array)
    for row in pc.indices_nonzero(by_hash).to_pylist():
        content = content_of(array[row])
        sha256 = hashlib.sha256(content).hexdigest()
        keep(row, content, sha256)
        hashes[row] = BY_HASH + sha256
    return pc.coalesce(pa.array(hashes, pa.string()), cells)


def content_of(value: pa.Scalar) -> pa.Buffer:
    """The bytes a value has under files/: its own, or the UTF-8 of its text. Nothing is copied."""
    return value.as_buffer()


def held_hashes(cells: pa.Array) -> dict[int, str]:
    """The hashes of the values under files/, by row. ValueError if a cell is none of a FILES column."""
    if not pc.all(pc.match_substring_regex(cells, _CELL), min_count=0).as_py():
        raise ValueError("a cell of a column held under files/ is neither inline: nor sha256:")
    rows = pc.indices_nonzero(pc.fill_null(pc.starts_with(cells, BY_HASH), False)).to_pylist()
    return {row: cells[row].as_py().removeprefix(BY_HASH) for row in rows}


def release(cells: pa.Array, column: Column, fetch: Callable[[str], bytes]) -> pa.Array:
    """The values of a FILES column's cells; `fetch(sha256)` gives the verified content of a value under files/."""
    hashes = held_hashes(cells)
    pieces, done = [], 0
    for row, sha256 in hashes.items():
        if row > done:
            pieces.append(_inline(cells.slice(done, row - done), column))
        pieces.append(single(fetch(sha256), arrow_type(column.type)))
        done = row + 1
    if done < len(cells) or not pieces:
        pieces.append(_inline(cells.slice(done), column))
    return pieces[0] if len(pieces) == 1 else pa.concat_arrays(pieces)


def _inline(cells: pa.Array, column: Column) -> pa.Array:
    return from_text(pc.utf8_slice_codeunits(cells, len(INLINE_PREFIX)), column.type)


def single(content: bytes, type_: pa.DataType) -> pa.Array:
    """An array of one text or binary value around these bytes, which are not copied. ArrowInvalid if no such text."""
    ends = pa.array([0, len(content)], pa.int32()).buffers()[1]
    return pc.cast(pa.Array.from_buffers(pa.binary(), 1, [None, ends, pa.py_buffer(content)]), type_)
