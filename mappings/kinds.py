"""Kinds and DuckDB types, both ways: the one place that says how a type class looks in the workbench."""

from __future__ import annotations

import re

from storage.errors import Misuse
from storage.schema import Kind, Type

MAX_PRECISION = 38
"""DuckDB's widest decimal; wider columns travel through the workbench as their text."""

_DUCKDB = {
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INTEGER: "BIGINT",
    Kind.FLOAT: "DOUBLE",
    Kind.TEXT: "VARCHAR",
    Kind.BINARY: "BLOB",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.TIMESTAMPTZ: "TIMESTAMPTZ",
    Kind.UUID: "VARCHAR",
    Kind.JSON: "VARCHAR",
    Kind.LITERAL: "VARCHAR",
    Kind.VARIANT: "VARCHAR",
}

_KINDS = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"), Kind.INTEGER),
    **dict.fromkeys(("FLOAT", "DOUBLE"), Kind.FLOAT),
    **dict.fromkeys(("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP"), Kind.TIMESTAMP),
    "TIMESTAMP WITH TIME ZONE": Kind.TIMESTAMPTZ,
    "BOOLEAN": Kind.BOOLEAN,
    "VARCHAR": Kind.TEXT,
    '"NULL"': Kind.TEXT,
    "BLOB": Kind.BINARY,
    "DATE": Kind.DATE,
    "TIME": Kind.TIME,
    "UUID": Kind.UUID,
    "JSON": Kind.JSON,
}

TEXTUAL = frozenset({Kind.TEXT, Kind.UUID, Kind.JSON, Kind.LITERAL})
"""Kinds whose values are their own text."""


def plain(kind: Kind) -> Type:
    """The type of a kind that needs no precision."""
    return Type(kind=kind)


def duckdb_type(type_: Type) -> str:
    """The DuckDB type a column of this type has in the workbench."""
    if type_.kind is not Kind.DECIMAL:
        return _DUCKDB[type_.kind]
    precision = type_.precision or MAX_PRECISION
    return f"DECIMAL({precision},{type_.scale or 0})" if precision <= MAX_PRECISION else "VARCHAR"


def type_of(duckdb_name: str) -> Type:
    """The type class of a DuckDB result type; Misuse if it has none (lists, structs, intervals)."""
    decimal = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duckdb_name)
    if decimal:
        return Type(kind=Kind.DECIMAL, precision=int(decimal[1]), scale=int(decimal[2]))
    if duckdb_name in ("HUGEINT", "UHUGEINT", "UBIGINT"):
        return Type(kind=Kind.DECIMAL, precision=MAX_PRECISION, scale=0)
    if duckdb_name not in _KINDS:
        raise Misuse(f"a result of type {duckdb_name} has no type class", next="cast it inside the expression")
    return plain(_KINDS[duckdb_name])
