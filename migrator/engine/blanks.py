"""What a stub holds where its table takes no NULL: a value that loads back and says nothing about anybody."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from storage.errors import Red
from storage.schema import Column, Kind, Table
from storage.types import arrow_type

_EPOCH = dt.datetime(1970, 1, 1)
_BLANKS: dict[Kind, Any] = {
    Kind.BOOLEAN: False,
    Kind.INTEGER: 0,
    Kind.FLOAT: 0.0,
    Kind.DECIMAL: Decimal(0),
    Kind.TEXT: "",
    Kind.BINARY: b"",
    Kind.DATE: _EPOCH.date(),
    Kind.TIME: _EPOCH.time(),
    Kind.TIMESTAMP: _EPOCH,
    Kind.TIMESTAMPTZ: _EPOCH + dt.timedelta(days=1),  # MariaDB's timestamps begin a second after the epoch
    Kind.UUID: "00000000-0000-0000-0000-000000000000",
    Kind.JSON: "null",
    Kind.VARIANT: "t:",
}
_LITERALS = {  # by the names platforms give to types that have no class of their own, or whose values have not;
    # as the platform writes them back: of money, that is as its locale says
    "inet4": "0.0.0.0",  # noqa: S104 - nothing is bound to it
    **dict.fromkeys(("inet", "cidr"), "0.0.0.0/32"),
    "inet6": "::",
    "macaddr": "00:00:00:00:00:00",
    "macaddr8": "00:00:00:00:00:00:00:00",
    **dict.fromkeys(("interval", "time", "time without time zone"), "00:00:00"),
    "time with time zone": "00:00:00+00",
    "date": "1970-01-01",
    **dict.fromkeys(("datetime", "timestamp without time zone"), "1970-01-01 00:00:00"),
    "timestamp": "1970-01-02 00:00:00",
    "timestamp with time zone": "1970-01-02 00:00:00+00",
    **dict.fromkeys(("numeric", "decimal", "oid"), "0"),
    **dict.fromkeys(("bit varying", "tsvector", "tsquery", "hstore", "xml"), ""),
    **dict.fromkeys(("int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"), "empty"),
    "point": "(0,0)",
    "pg_lsn": "0/0",
}
_SHAPES = ("geometry", "point", "linestring", "polygon", "multi", "geomcollection")
_MODIFIER = re.compile(r"\(([0-9, -]*)\)")
_INTEGERS = (str(-(1 << 63)), str((1 << 63) - 1))


def blanks(table: Table, column: Column, rows: int) -> pa.Array:
    """As many blanks, as an array of the column's type; Red where nothing is blank in it."""
    return pa.array([_blank(table, column)] * rows, arrow_type(column.type))


def blanks_apart(table: Table, column: Column, keys: Sequence[str]) -> pa.Array:
    """A blank for each key, no two alike where the column's type has room for that; Red as `blanks`."""
    make = None if column.choices else _APART.get(column.type.kind)
    if make is None or column.native.startswith(_SHAPES):
        return blanks(table, column, len(keys))
    return pa.array([make(column, key) for key in keys], arrow_type(column.type))


def says_something(table: Table, passed_over: Collection[str], batch: pa.RecordBatch) -> pa.Array:
    """Which rows hold more than blanks, beside these columns and those that tell stubs apart."""
    apart = {name for key in table.unique for name in key.columns}
    found = pa.repeat(False, len(batch))
    for column, array in zip(table.columns, batch.columns, strict=True):
        if column.name in passed_over:
            continue
        if column.nullable:
            found = pc.or_(found, pc.is_valid(array))
        elif column.name not in apart:
            with suppress(Red):  # there is no blank of it, and so no stub
                found = pc.or_(found, pc.fill_null(pc.not_equal(array, blanks(table, column, 1)[0]), True))
    return found


def _blank(table: Table, column: Column) -> Any:
    native, kind = column.native.lower(), column.type.kind
    bare = _MODIFIER.sub("", native)
    if column.choices:
        return column.choices[0]
    if kind is Kind.LITERAL and bare.endswith("[]"):
        return "{}"
    if kind is Kind.LITERAL and bare == "bit":
        found = _MODIFIER.search(native)
        return "0" * int(found[1] if found else 1)
    known = _LITERALS.get(bare) if kind is Kind.LITERAL else _BLANKS[kind]
    if known is None or (kind is Kind.BINARY and bare.startswith(_SHAPES)):
        raise Red(
            f"a stub of this table must hold something here, and no {column.native} says nothing",
            where=f"{table.name}.{column.name}",
            next="say carry or null of the reference that leads here under scope.foreign",
        )
    return _filled(column, known) if isinstance(known, (str, bytes)) else known


def _filled(column: Column, value: Any) -> Any:
    """As a column of a fixed length gives it back."""
    if not column.limits.fixed or not column.max_length:
        return value
    return value.ljust(column.max_length, b"\0" if isinstance(value, bytes) else " ")


def _text_apart(column: Column, key: str) -> str:
    text = f"stub-{key}"
    if column.max_length and len(text) > column.max_length:
        text = _digest(key).hex()[: column.max_length]
    return str(_filled(column, text))


def _bytes_apart(column: Column, key: str) -> bytes:
    return bytes(_filled(column, _digest(key)[: column.max_length or column.limits.max_bytes]))


def _integer_apart(column: Column, key: str) -> int:
    least, greatest = column.limits.ranges[-1] if column.limits.ranges else _INTEGERS
    first, last = int(least or _INTEGERS[0]), int(greatest or _INTEGERS[1])
    return first + int.from_bytes(_digest(key), "big") % (last - first + 1)


def _decimal_apart(column: Column, key: str) -> Decimal:
    whole = (column.type.precision or 1) - (column.type.scale or 0)
    return Decimal(int.from_bytes(_digest(key), "big") % 10**whole)


def _digest(key: str) -> bytes:
    return hashlib.blake2b(f"stub {key}".encode(), digest_size=16).digest()


_APART: dict[Kind, Callable[[Column, str], Any]] = {
    Kind.TEXT: _text_apart,
    Kind.BINARY: _bytes_apart,
    Kind.INTEGER: _integer_apart,
    Kind.DECIMAL: _decimal_apart,
    Kind.UUID: lambda _column, key: str(uuid.UUID(bytes=_digest(key))),
}
APART_KINDS = frozenset(_APART)
"""Kinds whose blanks are apart, each made of its row's key."""
