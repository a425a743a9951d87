"""Values as literals of MariaDB's and MySQL's SQL, in a session where backslashes are characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from migrator.contracts import Scalar
from migrator.platforms.mysql.types import may_hold
from migrator.platforms.relational.sqltext import literal
from storage.schema import Column, Kind, Type
from storage.types import Variant, to_text

_NUMERIC = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT)
_TEMPORAL = {
    Kind.DATE: re.compile(r"\d{4}-\d\d-\d\d"),
    Kind.TIME: re.compile(r"-?\d{2,3}:\d\d:\d\d(\.\d+)?"),
    Kind.TIMESTAMP: re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?"),
    Kind.TIMESTAMPTZ: re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?"),
}
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")


def literal_of(value: Scalar, column: Column) -> str | None:
    """One value as this column compares it; None where no value of the column is written so.

    The server would make a zero of a text that is no number, and a number of a text that begins with one: a value of
    another class is compared by how it is written, or not at all.
    """
    if isinstance(value, bytes):
        return f"X'{value.hex()}'" if value else "''"
    text = str(int(value)) if isinstance(value, bool) else str(value)
    if column.type.kind in _NUMERIC:
        return text if _NUMBER.fullmatch(text) else None
    pattern = _TEMPORAL.get(column.type.kind)
    if pattern:
        return literal(text.removesuffix("Z")) if pattern.fullmatch(text) else None
    return literal(text) if may_hold(column, text) else None


def literals_of(keys: pa.Array, type_: Type, column: Column) -> Sequence[str | None]:
    """An array of values as `literal_of` has each."""
    if type_.kind is Kind.INTEGER and column.type.kind in _NUMERIC:
        found: list[str | None] = pc.cast(keys, pa.string()).to_pylist()
        return found
    if type_.kind is Kind.BINARY:
        return [literal_of(value, column) for value in keys.to_pylist()]
    if type_.kind is Kind.VARIANT:
        return [literal_of(Variant.decode(cell)[1], column) for cell in keys.to_pylist()]
    return [literal_of(text, column) for text in to_text(keys, type_).to_pylist()]
