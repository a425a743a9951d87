"""Values beyond their class, from one server into another of its kind: in the server's own text, which both read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mappings.model import Edge, Mapping
from storage.archive import Archive
from storage.schema import NO_LIMITS, Column, Kind, Schema, Table


def as_archived(target: Schema, archive: Archive, mapping: Mapping) -> Schema:
    """The target's schema, where a column of the source's very type is held as the archive holds what it takes.

    No class of ours has room for an infinite date, a year 294276 or a day without a month; a server of the same kind
    has. Only where every edge carries the column as it is: what converts a value has to know its class.
    """
    if target.platform != archive.identity.source_platform:
        return target
    sources = {archived.table.name: archived.table for archived in archive.tables}
    edges = {table.name: table.edges for table in mapping.tables}
    tables = (_table(table, edges.get(table.name, ()), sources) for table in target.tables)
    return replace(target, tables=tuple(tables))


def _table(table: Table, edges: tuple[Edge, ...], sources: dict[str, Table]) -> Table:
    return replace(table, columns=tuple(_column(column, edges, sources) for column in table.columns))


def _column(column: Column, edges: tuple[Edge, ...], sources: dict[str, Table]) -> Column:
    alike = {(source.native, source.type) if source else None for source in _carried(column, edges, sources)}
    found = next(iter(alike)) if len(alike) == 1 else None
    if found is None or found[0] != column.native:
        return column
    _, type_ = found
    beyond = type_.kind is Kind.LITERAL or (type_.kind, column.type.kind) == (Kind.DECIMAL, Kind.INTEGER)
    return replace(column, type=type_, limits=NO_LIMITS) if beyond and type_ != column.type else column


def _carried(column: Column, edges: tuple[Edge, ...], sources: dict[str, Table]) -> Iterator[Column | None]:
    """What each edge fills the column with: a column of its source as it is, or None for anything else."""
    for edge in edges:
        found = edge.column(column.name)
        if found is not None:
            is_as_it_is = [step.name for step in found.steps] == ["rename"] and len(found.inputs) == 1
            source = sources.get(edge.source) if is_as_it_is else None
            yield next((one for one in source.columns if one.name == found.inputs[0]), None) if source else None
