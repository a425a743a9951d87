"""Type classes: the Arrow type each kind travels as, and the one text form it has in the CSV master.

docs/archive-format.md § 5 is the specification of the text forms; this module is its only implementation.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from storage.schema import Column, Held, Kind, Table, Type

_UTF8 = pa.string()
_EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class _Class:
    """How one kind is held: its Arrow type, its text form and the way back. Arrays in, arrays out, NULL stays NULL."""

    arrow: Callable[[Type], pa.DataType]
    to_text: Callable[[pa.Array], pa.Array]
    from_text: Callable[[pa.Array, pa.DataType], pa.Array]


def _fixed(data_type: pa.DataType) -> Callable[[Type], pa.DataType]:
    return lambda _type: data_type


def _cast_text(array: pa.Array) -> pa.Array:
    return pc.cast(array, _UTF8)


def _cast_back(array: pa.Array, data_type: pa.DataType) -> pa.Array:
    return pc.cast(array, data_type)


def _as_is(array: pa.Array) -> pa.Array:
    return array


def _as_is_back(array: pa.Array, _data_type: pa.DataType) -> pa.Array:
    return array


def _map(function: Callable[[Any], Any], array: pa.Array, data_type: pa.DataType) -> pa.Array:
    return pa.array([None if value is None else function(value) for value in array.to_pylist()], data_type)


_SPECIAL_TO_TEXT = {"nan": "NaN", "inf": "INF", "-inf": "-INF"}


def _float_to_text(array: pa.Array) -> pa.Array:
    # Arrow writes the shortest digits that read back to the same double; the specials follow the Data Package's names
    text = pc.cast(array, _UTF8)
    for arrow_name, name in _SPECIAL_TO_TEXT.items():
        text = pc.if_else(pc.equal(text, arrow_name), name, text)
    return text


def _binary_to_text(array: pa.Array) -> pa.Array:
    return _map(lambda value: base64.b64encode(value).decode("ascii"), array, _UTF8)


def _binary_from_text(array: pa.Array, data_type: pa.DataType) -> pa.Array:
    if len(array) == 1 and array.null_count == 0:  # it may be large, and as a str it would be there once more
        return pa.array([base64.b64decode(array[0].as_buffer(), validate=True)], data_type)
    return _map(lambda value: base64.b64decode(value, validate=True), array, data_type)


def _iso_to_text(suffix: str) -> Callable[[pa.Array], pa.Array]:
    def to_text(array: pa.Array) -> pa.Array:
        if pa.types.is_timestamp(array.type) and array.type.tz is not None:
            array = pc.cast(array, pa.timestamp("us"))
        text = pc.replace_substring(pc.cast(array, _UTF8), " ", "T")
        return pc.binary_join_element_wise(text, suffix, "") if suffix else text

    return to_text


def _timestamptz_from_text(array: pa.Array, data_type: pa.DataType) -> pa.Array:
    naive = pc.cast(pc.utf8_rtrim(array, "Z"), pa.timestamp("us"))
    return pc.cast(naive, data_type)


def _time_from_text(array: pa.Array, data_type: pa.DataType) -> pa.Array:
    return _map(dt.time.fromisoformat, array, data_type)


def _decimal_from_text(array: pa.Array, data_type: pa.DataType) -> pa.Array:
    return _map(decimal.Decimal, array, data_type)


def _decimal_arrow(type_: Type) -> pa.DataType:
    precision = type_.precision or 38
    return pa.decimal256(precision, type_.scale or 0) if precision > 38 else pa.decimal128(precision, type_.scale or 0)


def _decimal_to_text(array: pa.Array) -> pa.Array:
    # str(Decimal) of a tiny value would use an exponent; the fixed form keeps the scale visible
    return _map(lambda value: format(value, "f"), array, _UTF8)


_STRING = _Class(arrow=_fixed(_UTF8), to_text=_as_is, from_text=_as_is_back)
_CLASSES: dict[Kind, _Class] = {
    Kind.BOOLEAN: _Class(arrow=_fixed(pa.bool_()), to_text=_cast_text, from_text=_cast_back),
    Kind.INTEGER: _Class(arrow=_fixed(pa.int64()), to_text=_cast_text, from_text=_cast_back),
    Kind.FLOAT: _Class(arrow=_fixed(pa.float64()), to_text=_float_to_text, from_text=_cast_back),
    Kind.DECIMAL: _Class(arrow=_decimal_arrow, to_text=_decimal_to_text, from_text=_decimal_from_text),
    Kind.TEXT: _STRING,
    Kind.BINARY: _Class(arrow=_fixed(pa.binary()), to_text=_binary_to_text, from_text=_binary_from_text),
    Kind.DATE: _Class(arrow=_fixed(pa.date32()), to_text=_cast_text, from_text=_cast_back),
    Kind.TIME: _Class(arrow=_fixed(pa.time64("us")), to_text=_cast_text, from_text=_time_from_text),
    Kind.TIMESTAMP: _Class(arrow=_fixed(pa.timestamp("us")), to_text=_iso_to_text(""), from_text=_cast_back),
    Kind.TIMESTAMPTZ: _Class(
        arrow=_fixed(pa.timestamp("us", "UTC")), to_text=_iso_to_text("Z"), from_text=_timestamptz_from_text
    ),
    Kind.UUID: _STRING,
    Kind.JSON: _STRING,
    Kind.LITERAL: _STRING,
    Kind.VARIANT: _STRING,
}

QUOTED_KINDS = frozenset({Kind.TEXT, Kind.BINARY, Kind.JSON, Kind.LITERAL, Kind.VARIANT})
"""Kinds whose CSV fields are always quoted; the text of every other kind is never empty and holds no comma or quote."""


def arrow_type(type_: Type) -> pa.DataType:
    """The Arrow type values of this type travel as."""
    return _CLASSES[type_.kind].arrow(type_)


def to_text(array: pa.Array, type_: Type) -> pa.Array:
    """The canonical text of each value, as an Arrow string array of the same length; NULL stays NULL."""
    return _CLASSES[type_.kind].to_text(array)


def from_text(array: pa.Array, type_: Type) -> pa.Array:
    """The way back from `to_text`; pa.ArrowInvalid or ValueError where a text is not of this type."""
    return _CLASSES[type_.kind].from_text(array, arrow_type(type_))


def arrow_schema(table: Table) -> pa.Schema:
    """The schema batches of this table travel with, every column by its own type."""
    return pa.schema([pa.field(column.name, arrow_type(column.type)) for column in table.columns])


def part_type(column: Column) -> pa.DataType:
    """The Arrow type of a column's cells inside a part: its own, or text where values are held under files/."""
    return _UTF8 if column.held is Held.FILES else arrow_type(column.type)


class Variant:
    """Tagged text of one value among values of several types: `i:12`, `r:1.5`, `t:café`, `b:` + base64, `x:` + base64.

    `x` is text that no CSV reader could take back: it holds NUL, or bytes that are not UTF-8; base64 of its bytes.
    """

    INTEGER, REAL, TEXT, BINARY, RAW_TEXT = "i:", "r:", "t:", "b:", "x:"

    @staticmethod
    def encode(value: int | float | str | bytes) -> str:
        """One value, tagged; `bytes` are binary. Use `encode_text` for text that may be broken."""
        if isinstance(value, float):
            return Variant.REAL + str(to_text(pa.array([value]), Type(kind=Kind.FLOAT))[0])
        if isinstance(value, int):
            return f"{Variant.INTEGER}{value}"
        if isinstance(value, bytes):
            return Variant.BINARY + base64.b64encode(value).decode("ascii")
        return Variant.encode_text(value.encode("utf-8", "surrogatepass"))

    @staticmethod
    def encode_text(raw: bytes) -> str:
        """Text given as its bytes: `t:` where it is UTF-8 without NUL, `x:` + base64 otherwise."""
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            return Variant.RAW_TEXT + base64.b64encode(raw).decode("ascii")
        return Variant.TEXT + text

    @staticmethod
    def decode(cell: str) -> tuple[str, int | float | str | bytes]:
        """The tag and the value; RAW_TEXT gives the bytes of the text. ValueError on an unknown tag."""
        tag, body = cell[:2], cell[2:]
        if tag == Variant.INTEGER:
            return tag, int(body)
        if tag == Variant.REAL:
            return tag, float(body)
        if tag == Variant.TEXT:
            return tag, body
        if tag in (Variant.BINARY, Variant.RAW_TEXT):
            return tag, base64.b64decode(body, validate=True)
        raise ValueError(f"not a variant cell: {cell[:40]!r}")


def to_variant(array: pa.Array, type_: Type) -> pa.Array:
    """Every value of a typed array, tagged, so that it compares with a column read as VARIANT."""
    if type_.kind is Kind.VARIANT:
        return array
    if type_.kind in (Kind.INTEGER, Kind.BOOLEAN):
        return pc.binary_join_element_wise(Variant.INTEGER, pc.cast(pc.cast(array, pa.int64()), _UTF8), "")
    if type_.kind is Kind.FLOAT:
        return pc.binary_join_element_wise(Variant.REAL, _float_to_text(array), "")
    if type_.kind is Kind.BINARY:
        return pc.binary_join_element_wise(Variant.BINARY, _binary_to_text(array), "")
    return _map(lambda text: Variant.encode_text(text.encode()), to_text(array, type_), _UTF8)
