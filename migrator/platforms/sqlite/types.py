"""SQLite's types: what a declaration promises, what the storage classes found make of it, values to Arrow and back.

A declaration in SQLite is advice; the storage class of each value is what counts. A column becomes INTEGER, FLOAT,
TEXT or BINARY where all its values agree, and VARIANT (each value tagged with its storage class) where they do not.
One mixture is no mixture: SQLite stores the whole reals of a column declared numeric as integers and gives them back as
such, so a column of amounts (12.5 and 7) is FLOAT.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from storage.schema import Affinity, Column, Fidelity, Kind, Limits, Type
from storage.types import Variant, arrow_type

STORAGE_CLASSES = {"integer": Kind.INTEGER, "real": Kind.FLOAT, "text": Kind.TEXT, "blob": Kind.BINARY}
_PYTHON_TYPES: dict[Kind, type] = {Kind.INTEGER: int, Kind.FLOAT: float, Kind.TEXT: str, Kind.BINARY: bytes}
_KINDS = {Affinity.TEXT: Kind.TEXT, Affinity.REAL: Kind.FLOAT, Affinity.NONE: Kind.BINARY}
_LENGTH = re.compile(r"(?:CHAR|CLOB|TEXT)[^()]*\(\s*(\d+)\s*\)", re.IGNORECASE)
_TEXTUAL = re.compile(r"DATE|TIME|UUID|JSON|ENUM|GUID|XML", re.IGNORECASE)


_EXACT_INTEGERS = 1 << 53
"""Up to here every integer is a real exactly; a column with a larger one keeps its storage classes, tagged."""


class Misfit(ValueError):  # noqa: N818 - a signal that becomes Recast or Red, never an error of its own
    """Some value is not of the type its column was given."""


def declared_type(declaration: str) -> Type:
    """The type a declaration suggests, by SQLite's affinity rules; the names of times and ids suggest text."""
    name = declaration.upper()
    if "INT" in name:
        return Type(kind=Kind.INTEGER)
    found = affinity(declaration)
    if found is not Affinity.NUMERIC:
        return Type(kind=_KINDS[found] if name else Kind.VARIANT)
    if "BOOL" in name:
        return Type(kind=Kind.INTEGER)
    return Type(kind=Kind.TEXT if _TEXTUAL.search(name) else Kind.VARIANT)


def affinity(declaration: str) -> Affinity:
    """What a column declared so makes of values (https://sqlite.org/datatype3.html § 3.1), unless its table is STRICT.

    INTEGER and NUMERIC are one here: they differ in casts alone.
    """
    name = declaration.upper()
    if "INT" in name:
        return Affinity.NUMERIC
    if any(word in name for word in ("CHAR", "CLOB", "TEXT")):
        return Affinity.TEXT
    if not name or "BLOB" in name:
        return Affinity.NONE
    return Affinity.REAL if any(word in name for word in ("REAL", "FLOA", "DOUB")) else Affinity.NUMERIC


def limits_of(declaration: str, *, strict: bool) -> Limits:
    """What a target column declared so does not keep as it is."""
    found = affinity(declaration)
    if strict:
        found = Affinity.NONE if declaration.upper() == "ANY" else Affinity.STRICT
    return Limits(affinity=found, never=("NaN",) if found is Affinity.NONE else ("NaN", "-0"))


def compared_as(column: Column) -> str:
    """The affinity values are compared with it by: all that keep numbers compare alike."""
    found = column.limits.affinity
    if found in (None, Affinity.STRICT):
        found = affinity(column.native)
    return {Affinity.TEXT: "TEXT", Affinity.NONE: "BLOB"}.get(found or Affinity.NONE, "NUMERIC")


def declared_length(declaration: str) -> int | None:
    """N of VARCHAR(N) and its kin: SQLite does not enforce it, the product that declared it relies on it."""
    found = _LENGTH.search(declaration)
    return int(found.group(1)) if found else None


def found_type(found: Sequence[str], column: Column) -> Type:
    """The type for the storage classes found; none found (all NULL, or no row) leaves what was declared."""
    kinds = [STORAGE_CLASSES[name] for name in found]
    if not kinds:
        return column.type
    if set(kinds) == {Kind.INTEGER, Kind.FLOAT} and compared_as(column) == "NUMERIC":
        return Type(kind=Kind.FLOAT)
    return Type(kind=kinds[0] if len(kinds) == 1 else Kind.VARIANT)


def fidelity_of(type_: Type) -> Fidelity:
    """Tagged values are exact too, but held as text."""
    return Fidelity.TEXT if type_.kind is Kind.VARIANT else Fidelity.EXACT


def selected(column: Column, expression: str) -> list[str]:
    """The result columns one column is read as: a VARIANT also says its storage class, and gives text as its bytes."""
    if column.type.kind is not Kind.VARIANT:
        return [expression]
    return [
        f"typeof({expression})",
        f"CASE typeof({expression}) WHEN 'text' THEN CAST({expression} AS BLOB) ELSE {expression} END",
    ]


def to_array(column: Column, values: Sequence[Sequence[Any]], encoding: str) -> pa.Array:
    """One column's values (as `selected` reads them) as an Arrow array; Misfit if one has another storage class."""
    if column.type.kind is Kind.VARIANT:
        return pa.array(
            [_tagged(name, value, encoding) for name, value in zip(values[0], values[1], strict=True)], pa.string()
        )
    allowed = {_PYTHON_TYPES[column.type.kind], type(None)}
    found = set(map(type, values[0]))
    if found - allowed and not (found <= {*allowed, int} and _are_whole_reals(column, values[0])):
        raise Misfit(column.name)
    array = pa.array(values[0], arrow_type(column.type))
    if column.type.kind is Kind.TEXT and pc.any(pc.match_substring(array, "\0")).as_py():
        raise Misfit(column.name)
    return array


def _are_whole_reals(column: Column, values: Sequence[Any]) -> bool:
    """Integers in a real column that SQLite itself made of whole reals, and makes again: 7.0 becomes 7 by affinity."""
    if column.type.kind is not Kind.FLOAT or compared_as(column) != "NUMERIC":
        return False
    return all(abs(value) <= _EXACT_INTEGERS for value in values if value.__class__ is int)


def _tagged(storage_class: str, value: Any, encoding: str) -> str | None:
    if storage_class == "null":
        return None
    if storage_class == "text":
        raw: bytes = value
        if encoding != "UTF-8":
            raw = raw.decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")
        return Variant.encode_text(raw)
    return Variant.encode(value)


def placeholder(type_: Type) -> str:
    """Where a value of this type stands in a statement; `to_values` gives one list for each of its parameters."""
    return "coalesce(CAST(? AS TEXT), ?)" if type_.kind is Kind.VARIANT else "?"


def to_values(array: pa.Array, type_: Type) -> list[list[Any]]:
    """Values as sqlite3 binds them: VARIANT cells become the value they tag. Misfit for a type without a place."""
    values: list[Any] = array.to_pylist()
    if type_.kind is Kind.VARIANT:
        pairs = [(None, None) if value is None else _untagged(value) for value in values]
        return [[broken for broken, _ in pairs], [whole for _, whole in pairs]]
    if type_.kind in (Kind.INTEGER, Kind.FLOAT, Kind.TEXT, Kind.BINARY, Kind.UUID, Kind.JSON, Kind.LITERAL):
        return [values]
    if type_.kind is Kind.BOOLEAN:
        return [[None if value is None else int(value) for value in values]]
    raise Misfit(f"SQLite has no place for {type_}: cast it in the mapping")


def _untagged(cell: str) -> tuple[bytes | None, Any]:
    """The bytes of a text that is not UTF-8, which sqlite3 binds only through a cast; else the value itself."""
    tag, value = Variant.decode(cell)
    if tag != Variant.RAW_TEXT:
        return None, value
    assert isinstance(value, bytes)
    try:
        return None, value.decode("utf-8")
    except UnicodeDecodeError:
        return value, None
