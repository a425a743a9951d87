"""What a column as described cannot hold without loss, found before a byte of it is written."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from storage.errors import Recast
from storage.files import is_large
from storage.schema import NULL_TOKEN, Column, Fidelity, Held, Kind, Table, Type

_LARGE_KINDS = frozenset({Kind.TEXT, Kind.BINARY, Kind.JSON, Kind.LITERAL, Kind.VARIANT})
_TOKEN_KINDS = frozenset({Kind.TEXT, Kind.JSON, Kind.LITERAL})
_CALENDAR = {
    Kind.DATE: (dt.date.min, dt.date.max),
    Kind.TIMESTAMP: (dt.datetime.min, dt.datetime.max),
    Kind.TIMESTAMPTZ: (dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)),
}
_UUID = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"


def check(table: Table, column: Column, values: pa.Array) -> None:
    """Raise Recast where `values` need another type, another NULL token, or to be held under files/."""
    kind = column.type.kind
    needed = column
    if kind in _LARGE_KINDS and column.held is Held.INLINE and pc.any(is_large(values)).as_py():
        needed = replace(column, held=Held.FILES)
    elif kind in _TOKEN_KINDS and pc.any(pc.equal(values, column.null_token)).as_py():
        needed = replace(column, null_token=_free_token(values))
    elif kind in _TOKEN_KINDS and pc.any(pc.match_substring(values, "\0")).as_py():
        # many CSV readers end a field at NUL; a variant cell holds such text as base64
        needed = replace(column, type=Type(kind=Kind.VARIANT), fidelity=Fidelity.TEXT)
    elif kind is Kind.UUID and not pc.all(pc.match_substring_regex(values, _UUID), min_count=0).as_py():
        needed = replace(column, type=Type(kind=Kind.TEXT), fidelity=Fidelity.TEXT)
    elif kind in _CALENDAR and _outside(values, *_CALENDAR[kind]):
        # no four digits, no stock reader: such dates are archived as the platform writes them
        needed = replace(column, type=Type(kind=Kind.LITERAL), fidelity=Fidelity.TEXT)
    if needed is not column:
        raise Recast(table.name, needed)


def _free_token(values: pa.Array) -> str:
    """The next token none of these values equals; a later batch may still ask for another."""
    texts = set(pc.unique(pc.filter(values, pc.starts_with(values, NULL_TOKEN))).to_pylist())
    number = 1
    while f"{NULL_TOKEN}{number}" in texts:
        number += 1
    return f"{NULL_TOKEN}{number}"


def _outside(values: pa.Array, first: dt.date, last: dt.date) -> bool:
    bounds = pa.array([first, last], values.type)
    outside = pc.or_(pc.less(values, bounds[0]), pc.greater(values, bounds[1]))
    return bool(pc.any(outside).as_py())
