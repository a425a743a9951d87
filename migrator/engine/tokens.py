"""What values say that may be somebody's id: found in texts of any length, in little more memory than these have."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from storage.schema import Column, Kind

TEXTS = frozenset({Kind.TEXT, Kind.JSON, Kind.VARIANT, Kind.LITERAL})
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
LONGEST, LONG = 64, 16
"""Bytes: an id is not longer; and a word of a sentence, unless it is an id, not as long."""

SCHEMA = pa.schema([("row", pa.int64()), ("said", pa.string()), ("alone", pa.bool_())])
"""The row that says it, and whether it says nothing else, or it is a string of its JSON."""

_AT_ONCE, _WORD = 1 << 20, 1 << 12
_NO_NUMBER = "(?:[0-9A-Za-z_]*[A-Za-z_][0-9A-Za-z_]*|[^0-9A-Za-z_])+"
_NO_WORD, _NO_HEX, _QUOTE = "[^0-9A-Za-z_-]+", "[^0-9A-Fa-f-]+", '"'
_HEX = "-?".join(f"(?P<{name}>[0-9A-Fa-f]{{{size}}})" for name, size in zip("abcde", (8, 4, 4, 4, 12), strict=True))
_AS_UUID = f"(?:^|[^0-9A-Fa-f]){_HEX}(?:$|[^0-9A-Fa-f])"


def plain(values: pa.Array, column: Column) -> pa.Array:
    """The texts of a column of TEXTS or UUIDs as they read; of mixed types, without the tag, and without bytes."""
    if column.type.kind is not Kind.VARIANT:
        return values
    return pc.if_else(pc.starts_with(values, "b:"), None, pc.utf8_slice_codeunits(values, 2))


def tokens(texts: pa.Array, kinds: Collection[Kind]) -> Iterator[pa.RecordBatch]:
    """What may be an id of one of these kinds, as SCHEMA; rows are counted from 0.

    Numbers that stand by themselves; UUIDs, in lower case and with their dashes; of TEXT, what a text is as a whole,
    the strings of its JSON, and long words with a digit.
    """
    rows, texts = pa.array(range(len(texts)), pa.int64()), texts.cast(pa.binary())
    is_large = pc.greater(pc.binary_length(texts), _AT_ONCE).fill_null(False)
    if not pc.any(is_large).as_py():
        yield from _said(rows, texts, kinds)
        return
    is_short = pc.invert(is_large)  # to filter copies nothing of a large value
    yield from _said(rows.filter(is_short), texts.filter(is_short), kinds)
    for row in pc.indices_nonzero(is_large):
        for piece in _pieces(texts[row.as_py()].as_buffer()):
            yield from _said(rows.slice(row.as_py(), 1), pa.array([piece], pa.binary()), kinds, whole=False)


def _pieces(text: pa.Buffer) -> Iterator[bytes]:
    """A large text, cut where no id is: each piece of JSON begins like JSON."""
    start, opening = 0, b"[" if text[:1].to_pybytes() in (b"{", b"[") else b""
    while start < text.size:
        piece = text.slice(start, min(_AT_ONCE, text.size - start)).to_pybytes()
        if start + len(piece) < text.size:
            piece = piece[: _cut(piece)]
        yield opening + piece if start else piece
        start += len(piece)


def _cut(piece: bytes) -> int:
    least = len(piece) - _WORD
    for between in (b'"', b" ", b"\n", b",", b"."):
        if (at := piece.rfind(between, least)) > 0:
            return at
    at = len(piece) - 1
    while piece[at] & 0xC0 == 0x80:  # within a character
        at -= 1
    return at


def _said(rows: pa.Array, texts: pa.Array, kinds: Collection[Kind], *, whole: bool = True) -> Iterator[pa.RecordBatch]:
    if Kind.INTEGER in kinds:
        yield _told(*_short(*_split(rows, texts, "[0-9]", _NO_NUMBER), most=18), alone=False)
    if {Kind.UUID, Kind.TEXT} & set(kinds):
        for values in (*([_themselves(rows, texts)] if whole else []), _strings(rows, texts)):
            if Kind.TEXT in kinds:
                yield _told(*values, alone=True)
            yield _told(*_uuids(*values, f"^{_HEX}$"), alone=True)
        yield _told(*_uuids(*_split(rows, texts, _AS_UUID, _NO_HEX), _AS_UUID), alone=False)
    if Kind.TEXT in kinds:
        words, said = _short(*_split(rows, texts, f"[0-9A-Za-z_-]{{{LONG}}}", _NO_WORD), least=LONG)
        yield _told(*_having(words, said, "[0-9]"), alone=False)


_Said = tuple[pa.Array, pa.Array]
"""Rows, and what they say; a row may be there several times."""


def _told(rows: pa.Array, said: pa.Array, *, alone: bool) -> pa.RecordBatch:
    said = said.cast(pa.string())
    return pa.RecordBatch.from_arrays([rows, said, pa.repeat(pa.scalar(alone), len(said))], schema=SCHEMA)


def _having(rows: pa.Array, texts: pa.Array, pattern: str) -> _Said:
    has = pc.match_substring_regex(texts, pattern).fill_null(False)
    return rows.filter(has), texts.filter(has)


def _split(rows: pa.Array, texts: pa.Array, having: str, by: str) -> _Said:
    rows, texts = _having(rows, texts, having)
    pieces = pc.split_pattern_regex(texts, by)
    return rows.take(pc.list_parent_indices(pieces)), pieces.flatten()


def _short(rows: pa.Array, said: pa.Array, *, least: int = 1, most: int = LONGEST) -> _Said:
    length = pc.binary_length(said)
    is_short = pc.and_(pc.greater_equal(length, least), pc.less_equal(length, most)).fill_null(False)
    return rows.filter(is_short), said.filter(is_short)


def _themselves(rows: pa.Array, texts: pa.Array) -> _Said:
    rows, short = _short(rows, texts, most=2 * LONGEST)
    return _short(rows, pc.utf8_trim_whitespace(short.cast(pa.string())).cast(pa.binary()))


def _strings(rows: pa.Array, texts: pa.Array) -> _Said:
    """The strings of JSON, and the little that stands between them."""
    pieces = _short(*_split(rows, texts, '^[ \\n]*[{["]', _QUOTE))
    return _having(*pieces, "^[^,:{}\\[\\]\\s]")


def _uuids(rows: pa.Array, said: pa.Array, pattern: str) -> _Said:
    found = pc.extract_regex(said, pattern)
    parts = [part.cast(pa.string()) for part in found.flatten()]
    joined = pc.utf8_lower(pc.binary_join_element_wise(*parts, "-"))
    return rows.filter(found.is_valid()), joined.filter(found.is_valid())
