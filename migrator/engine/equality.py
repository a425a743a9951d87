"""When two columns of the workbench hold the same value, whatever each was found to hold."""

from __future__ import annotations

from dataclasses import replace

from mappings.quote import identifier as quoted
from storage.schema import Column, Kind, Table


def with_column(table: Table, column: Column) -> Table:
    """The table with this column in the place of the one of its name."""
    return replace(table, columns=tuple(column if c.name == column.name else c for c in table.columns))


def as_text(alias: str, column: Column) -> str:
    """A column's values as plain text, whatever it holds."""
    name = f"{alias}.{quoted(column.name)}"
    return f"substr({name}, 3)" if column.type.kind is Kind.VARIANT else f"{name}::VARCHAR"


def equal(left: tuple[str, Column], right: tuple[str, Column]) -> str:
    """Equality of two columns; tagged against plain compares as tagged."""
    if left[1].type == right[1].type:
        return f"{left[0]}.{quoted(left[1].name)} = {right[0]}.{quoted(right[1].name)}"
    return f"{_tagged(*left)} = {_tagged(*right)}"


_TAGS = {Kind.INTEGER: "i:", Kind.FLOAT: "r:", Kind.BINARY: "b:"}


def _tagged(alias: str, column: Column) -> str:
    name = f"{alias}.{quoted(column.name)}"
    if column.type.kind is Kind.VARIANT:
        return name
    value = f"to_base64({name})" if column.type.kind is Kind.BINARY else f"{name}::VARCHAR"
    return f"'{_TAGS.get(column.type.kind, 't:')}' || {value}"
