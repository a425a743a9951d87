"""SQLAlchemy's types and storage's: what a declaration promises, and what a driver's Python values make of it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import types as sql

from storage.schema import Column, Fidelity, Kind, Type
from storage.types import Variant, arrow_type

SqlType = sql.TypeEngine[Any]
_LARGEST_PRECISION = 76
_MICROSECONDS = 6

_KINDS: tuple[tuple[type[SqlType], Kind], ...] = (  # the more special before what it derives from
    (sql.Boolean, Kind.BOOLEAN),
    (sql.Integer, Kind.INTEGER),
    (sql.Float, Kind.FLOAT),
    (sql.LargeBinary, Kind.BINARY),
    (sql.BINARY, Kind.BINARY),
    (sql.VARBINARY, Kind.BINARY),
    (sql.String, Kind.TEXT),
    (sql.Date, Kind.DATE),
    (sql.Uuid, Kind.UUID),
)
_PYTHON: dict[Kind, tuple[type, ...]] = {
    Kind.BOOLEAN: (bool,),
    Kind.INTEGER: (int,),
    Kind.FLOAT: (float,),
    Kind.DECIMAL: (Decimal,),
    Kind.TEXT: (str,),
    Kind.BINARY: (bytes, bytearray, memoryview),
    Kind.DATE: (dt.date,),
    Kind.TIME: (dt.time,),
    Kind.TIMESTAMP: (dt.datetime,),
    Kind.TIMESTAMPTZ: (dt.datetime,),
    Kind.UUID: (uuid.UUID, str),
}


class Unreadable(sql.NullType):
    """A type no text can be made of: its columns are read as NULL, where the plan accepts that."""


class Misfit(ValueError):  # noqa: N818 - a signal that becomes Recast, never an error of its own
    """Some value is not of the type its column was given; `column` is what holds the values seen."""

    def __init__(self, column: Column) -> None:
        super().__init__(column.name)
        self.column = column


def declared_type(declared: SqlType) -> Type:
    """The class of a declared type; LITERAL where storage has none of its own for it."""
    if isinstance(declared, sql.Numeric) and not isinstance(declared, sql.Float):
        return _decimal(declared.precision, declared.scale)
    if isinstance(declared, (sql.DateTime, sql.Time)):
        return Type(kind=_time_kind(declared))
    if declared.__visit_name__ in ("BINARY", "VARBINARY"):  # some dialects derive them from their texts
        return Type(kind=Kind.BINARY)
    return Type(kind=next((kind for class_, kind in _KINDS if isinstance(declared, class_)), Kind.LITERAL))


def _decimal(precision: int | None, scale: int | None) -> Type:
    if not precision or precision > _LARGEST_PRECISION or not 0 <= (scale or 0) <= precision:
        return Type(kind=Kind.LITERAL)
    return Type(kind=Kind.DECIMAL, precision=precision, scale=scale or 0)


def _time_kind(declared: sql.DateTime | sql.Time) -> Kind:
    if (getattr(declared, "precision", None) or 0) > _MICROSECONDS:
        return Kind.LITERAL
    if isinstance(declared, sql.Time):
        return Kind.LITERAL if declared.timezone else Kind.TIME
    return Kind.TIMESTAMPTZ if declared.timezone else Kind.TIMESTAMP


def is_read_as_text(declared: SqlType) -> bool:
    """Whether the database itself writes the values as text: numbers without a scale come exact as they are."""
    return declared_type(declared).kind is Kind.LITERAL and not isinstance(declared, sql.Numeric)


def fidelity_of(type_: Type) -> Fidelity:
    """Literals and tagged values are exact too, but held as text."""
    return Fidelity.TEXT if type_.kind in (Kind.LITERAL, Kind.VARIANT) else Fidelity.EXACT


def may_be_large(declared: SqlType) -> bool:
    """Whether one value may be of any size."""
    return isinstance(declared, (sql.LargeBinary, sql.NullType)) or (
        isinstance(declared, sql.String) and declared.length is None
    )


# ── values to Arrow ─────────────────────────────────────────────────────────────────────────────────────────
def to_array(column: Column, values: Sequence[Any]) -> pa.Array:
    """One column's values as an Arrow array; Misfit with the column as it must be where one does not fit."""
    kind = column.type.kind
    if kind in _TEXTS:
        return pa.array([None if value is None else _TEXTS[kind](value) for value in values], pa.string())
    if not {type(value) for value in values} <= {*_PYTHON[kind], type(None)}:
        raise Misfit(_recast(column, values))
    try:
        array = pa.array(_prepared(kind, values), arrow_type(column.type))
    except (pa.ArrowInvalid, OverflowError, ValueError) as error:
        raise Misfit(_recast(column, values)) from error
    if kind is Kind.TEXT and pc.any(pc.match_substring(array, "\0")).as_py():
        raise Misfit(_recast(column, values))
    return array


def _prepared(kind: Kind, values: Sequence[Any]) -> Sequence[Any]:
    if kind is Kind.UUID:
        return [None if value is None else str(value) for value in values]
    if kind is Kind.BINARY:
        return [None if value is None else bytes(value) for value in values]
    if kind in (Kind.TIMESTAMP, Kind.TIMESTAMPTZ):
        zoned = kind is Kind.TIMESTAMPTZ
        if any(value is not None and (value.tzinfo is not None) != zoned for value in values):
            raise ValueError("with and without time zone")
    return values


_EXACT = (bool, int, Decimal, str, dt.date, dt.datetime, dt.time, uuid.UUID)


def _recast(column: Column, values: Sequence[Any]) -> Column:
    """The column as it holds these values: what every driver's value has is a text, though not always an exact one."""
    found = {type(value) for value in values if value is not None}
    if found <= {bytes, bytearray, memoryview}:
        return replace(column, type=Type(kind=Kind.BINARY), fidelity=Fidelity.EXACT)
    if found <= {str}:  # it holds NUL, which no CSV reader takes back
        return replace(column, type=Type(kind=Kind.VARIANT), fidelity=Fidelity.TEXT)
    exact = len(found) == 1 and found <= {*_EXACT}
    return replace(column, type=Type(kind=Kind.LITERAL), fidelity=Fidelity.TEXT if exact else Fidelity.LOSSY)


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (dt.date, dt.datetime, dt.time)):
        return value.isoformat()
    return str(value)


_TEXTS: dict[Kind, Callable[[Any], str]] = {
    Kind.LITERAL: _written,
    Kind.JSON: _written,
    Kind.VARIANT: Variant.encode,
}


# ── values to parameters ────────────────────────────────────────────────────────────────────────────────────
def parameters(values: Sequence[Any], given: Type, declared: SqlType) -> list[Any]:
    """Keys as values the column can hold; None where no value of the column can equal one."""
    if given.kind is Kind.VARIANT:
        values = [Variant.decode(value)[1] for value in values]
    type_ = declared_type(declared)
    convert: Callable[[Any], Any] = _PARAMETERS.get(type_.kind, _written)
    return [_converted(convert, value, type_) for value in values]


def _converted(convert: Callable[[Any], Any], value: Any, type_: Type) -> Any:
    try:
        converted = convert(value)
    except (ValueError, ArithmeticError, TypeError, AttributeError):
        return None
    return None if type_.kind is Kind.DECIMAL and not _has_digits(converted, type_) else converted


def _integer(value: Any) -> int:
    number = int(value)
    if number != (int(value) if isinstance(value, str) else value) or abs(number) >= 1 << 63:
        raise ValueError(value)
    return number


def _number(value: Any) -> Decimal:
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(value)
    return number


def _has_digits(number: Decimal, type_: Type) -> bool:
    """Whether the column could hold the number: a database would round it first, and then find another's row."""
    scale = type_.scale or 0
    return round(number, scale) == number and number.adjusted() < (type_.precision or 0) - scale


def _moment(value: Any) -> dt.datetime:
    return value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)


def _date(value: Any) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


def _time(value: Any) -> dt.time:
    return value if isinstance(value, dt.time) else dt.time.fromisoformat(value)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else _written(value)


_PARAMETERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.BOOLEAN: lambda value: bool(_integer(value)),
    Kind.INTEGER: _integer,
    Kind.FLOAT: float,
    Kind.DECIMAL: _number,
    Kind.TEXT: _text,
    Kind.BINARY: bytes,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.TIMESTAMP: _moment,
    Kind.TIMESTAMPTZ: _moment,
    Kind.UUID: lambda value: uuid.UUID(str(value)),
}


def parameter_type(declared: SqlType, values: Sequence[Any]) -> SqlType:
    """The type to send parameters with: wide enough, since a driver refuses what the column itself could not hold."""
    if isinstance(declared, sql.Integer):
        return sql.BigInteger()
    if isinstance(declared, sql.String) and declared.length is not None:
        return sql.Unicode(max([1, *(len(value.encode()) for value in values)]))  # some databases count bytes
    return declared
