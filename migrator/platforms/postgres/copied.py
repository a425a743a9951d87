"""How a column's values go to the server in binary COPY: the type they are copied as, and the Arrow type of its width.

COPY sends bits: a 64-bit integer sent to a float column would be read as a float. So each column is copied into a
column of exactly its Arrow array's type, and what has no such type goes as text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from migrator.platforms.postgres.limits import NAME_BYTES
from migrator.platforms.postgres.types import bare
from storage.schema import Column, Kind
from storage.types import arrow_type


class Misfit(ValueError):  # noqa: N818 - a signal that becomes Red, never an error of its own
    """Some value is outside what the column's type holds."""


@dataclass(frozen=True, kw_only=True)
class Copied:
    """`native` is the type of the column that is copied into, `arrow` what its batches must be."""

    native: str
    arrow: pa.DataType
    convert: Callable[[pa.Array, pa.DataType], pa.Array]

    def converted(self, array: pa.Array) -> pa.Array:
        """The array as it is sent. Misfit where a value is too large for its column."""
        try:
            return self.convert(array, self.arrow)
        except pa.ArrowInvalid as error:
            raise Misfit(str(error).partition("\n")[0]) from error


_WIDTHS = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
}
_TEXTS = frozenset({"text", "character varying", "character", "bpchar", "json"})
_ALIKE = frozenset(
    {
        "boolean",
        "bytea",
        "date",
        "time without time zone",
        "timestamp without time zone",
        "timestamp with time zone",
        "numeric",
    }
)
_ANY_SCALE = "numeric"
"""What is declared so keeps the scale of each value, 12.50, which the wire's digits do not say: it goes as text."""


def copied(column: Column) -> Copied:
    """The way of one column."""
    name = bare(column.native)
    if column.type.kind is Kind.BINARY:  # a text's own bytes too, which the wire would take for UTF-8
        return Copied(native="bytea", arrow=pa.binary(), convert=_cast)
    if name in _WIDTHS and column.type.kind in (Kind.INTEGER, Kind.FLOAT):
        return Copied(native=column.native, arrow=_WIDTHS[name], convert=_narrowed)
    if name == "name":
        return Copied(native=column.native, arrow=pa.string(), convert=_name)
    if name in _TEXTS:
        return Copied(native=column.native, arrow=pa.string(), convert=partial(_text, longest=column.max_length))
    if name in _ALIKE and column.type.kind is not Kind.LITERAL and column.native != _ANY_SCALE:
        return Copied(native=column.native, arrow=arrow_type(column.type), convert=_cast)
    if name == "uuid":
        return Copied(native=column.native, arrow=pa.binary(16), convert=_uuid)
    return Copied(native="text", arrow=pa.string(), convert=_text)


def _cast(array: pa.Array, type_: pa.DataType) -> pa.Array:
    return array if array.type == type_ else pc.cast(array, type_)


def _text(array: pa.Array, type_: pa.DataType, *, longest: int | None = None) -> pa.Array:
    """Of what the server would only refuse with a line of the COPY, or cut off in silence."""
    texts = _cast(array, type_)
    if pc.any(pc.match_substring(texts, "\0")).as_py():
        raise Misfit("a text holds the character NUL")
    if longest is not None and (pc.max(pc.utf8_length(texts)).as_py() or 0) > longest:
        too_long = pc.filter(texts, pc.greater(pc.utf8_length(pc.utf8_rtrim(texts, " ")), longest))
        if len(too_long):
            raise Misfit(f"{too_long[0].as_py()!r} is too long")
    return texts


def _name(array: pa.Array, type_: pa.DataType) -> pa.Array:
    texts = _text(array, type_)
    too_long = pc.filter(texts, pc.greater(pc.binary_length(texts), NAME_BYTES))
    if len(too_long):
        raise Misfit(f"{too_long[0].as_py()!r} is too long")
    return texts


def _narrowed(array: pa.Array, type_: pa.DataType) -> pa.Array:
    if type_ != pa.float32():
        return _cast(array, type_)
    narrow = pc.cast(array, type_, safe=False)
    grown = pc.and_(pc.is_inf(narrow), pc.invert(pc.is_inf(array)))
    if pc.any(grown).as_py():
        raise Misfit(f"{pc.filter(array, grown)[0].as_py()} is beyond its range")
    return narrow


_DIGITS = "^[0-9a-fA-F]{32}$"


def _uuid(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """From the text form, all at once: the digits of all values behind each other are the bytes of all values."""
    digits = pc.replace_substring(pc.drop_null(array), "-", "")
    broken = pc.filter(digits, pc.invert(pc.match_substring_regex(digits, _DIGITS)))
    if len(broken):
        raise Misfit(f"{broken[0].as_py()!r} is no UUID")
    all_of_them = pa.ListArray.from_arrays(pa.array([0, len(digits)], pa.int32()), digits)
    raw = bytes.fromhex(pc.binary_join(all_of_them, "")[0].as_py())
    values = pa.FixedSizeBinaryArray.from_buffers(type_, len(digits), [None, pa.py_buffer(raw)])
    if not array.null_count:
        return values
    places = pc.subtract(pc.cumulative_sum(pc.cast(array.is_valid(), pa.int64())), 1)
    return values.take(pc.if_else(array.is_valid(), places, None))
