"""A readable CREATE TABLE for the archive's documentation; nobody executes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from migrator.platforms.relational.sqltext import quoted

_IDENTITY = {"a": "ALWAYS", "d": "BY DEFAULT"}


def create_table(table: Any, columns: Sequence[Any], constraints: Sequence[Any]) -> str:
    """The statement for rows of the catalog queries TABLES, COLUMNS and CHECKS."""
    lines = [_column(column) for column in columns]
    lines += [f"CONSTRAINT {quoted(name)} {definition}" for _, name, definition in constraints]
    inherits = f"\nINHERITS ({', '.join(table.parents)})" if table.parents else ""
    partitioned = f"\nPARTITION BY {table.partition_key}" if table.partitioned else ""
    body = ",\n    ".join(lines)
    return f"CREATE TABLE {quoted(table.nspname)}.{quoted(table.relname)} (\n    {body}\n){inherits}{partitioned}"


def _column(column: Any) -> str:
    parts = [quoted(column.attname), column.native]
    if column.written_collation:
        parts.append(f"COLLATE {column.written_collation}")
    if column.generated:
        parts.append(f"GENERATED ALWAYS AS ({column.expression}) STORED")
    elif column.identity_kind:
        parts.append(f"GENERATED {_IDENTITY[column.identity_kind]} AS IDENTITY")
    elif column.default is not None:
        parts.append(f"DEFAULT {column.default}")
    if column.not_null:
        parts.append("NOT NULL")
    return " ".join(parts)
