"""Which source columns a mapping accounts for: carried, converted, looked up, or dropped with a reason."""

from __future__ import annotations

from collections.abc import Sequence

from mappings.model import ColumnMapping, Mapping
from mappings.sandbox import columns_of
from storage.errors import Misuse
from storage.schema import Table


def used_columns(mapping: Mapping, source: Table) -> frozenset[str]:
    """The columns whose values some target column is made of; a condition alone does not carry a column."""
    from_edges = {
        name
        for edge in mapping.edges_from(source.name)
        for column in edge.columns
        for name in read_columns(column, source)
    }
    return frozenset(from_edges | _looked_up(mapping, source.name))


def read_columns(column: ColumnMapping, source: Table) -> tuple[str, ...]:
    """The source columns one target column is made of; none for an expression that is refused."""
    if column.expression is None:
        return column.inputs
    try:
        return columns_of(column.expression, source)
    except Misuse:
        return ()


def unmapped(mapping: Mapping, source: Sequence[Table]) -> tuple[str, ...]:
    """`table.column` of every source column nothing is said about, in the archive's order."""
    dropped_tables = {drop.name for drop in mapping.dropped_tables}
    return tuple(
        f"{table.name}.{name}"
        for table in source
        if table.name not in dropped_tables
        for name in table.column_names
        if name not in used_columns(mapping, table) | dropped_columns(mapping, table.name)
    )


def dropped_columns(mapping: Mapping, source: str) -> frozenset[str]:
    """The columns the edges of a table drop."""
    return frozenset(drop.name for edge in mapping.edges_from(source) for drop in edge.dropped)


def is_used(mapping: Mapping, source: str) -> bool:
    """Whether any edge reads the table, as its source or by looking values up in it."""
    return bool(mapping.edges_from(source) or _looked_up(mapping, source))


def _looked_up(mapping: Mapping, source: str) -> set[str]:
    return {name for _, _, step in mapping.steps() for table, name in step.looked_up() if table == source}
