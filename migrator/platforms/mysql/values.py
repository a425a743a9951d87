"""Values as the server tells them apart by their bytes: for comparing live rows with staged ones, and for hashing."""

from __future__ import annotations

from collections.abc import Iterable

from migrator.platforms.mysql.types import base_name
from migrator.platforms.relational.sqltext import literal, quoted
from storage.schema import Column, Kind, Table

_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_LONG = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "json", "tinyblob", "blob", "mediumblob")


def exact(column: Column, alias: str) -> str:
    """A value as bytes that differ where the values do: case, spaces, and the sign of zero."""
    name, base = f"{alias}.{quoted(column.name)}", base_name(column.native)
    if base in ("float", "double"):
        return f"CAST({name} * 1e0 AS CHAR)"
    if base == "bit":
        return f"CAST({name} + 0 AS CHAR)"
    return f"CAST({name} AS BINARY)"


def row_hash(table: Table, alias: str, columns: Iterable[Column]) -> str:
    """MD5 over the table's name and each column's length and bytes, or their MD5 where they may be many."""
    parts = [f"IFNULL(CONCAT(LENGTH({v}), ':', {v}), 'N')" for v in (_hashed(column, alias) for column in columns)]
    return f"UNHEX(MD5(CONCAT({', '.join([literal(table.name), *parts])})))"


def _hashed(column: Column, alias: str) -> str:
    # a row longer than max_allowed_packet would make the whole concatenation NULL
    long = base_name(column.native) in (*_LONG, "longblob", "binary", "varbinary") or column.type.kind is Kind.BINARY
    return f"MD5({exact(column, alias)})" if long else exact(column, alias)


def largest(column: Column) -> int:
    """The largest value an integer column holds."""
    bits = _BITS.get(base_name(column.native), 64)
    return int((1 << bits) - 1 if "unsigned" in column.native else (1 << (bits - 1)) - 1)
