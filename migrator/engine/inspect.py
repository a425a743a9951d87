"""What a platform holds, before anything is decided."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.contracts import ColumnCensus, Source, TenantCandidate, Whole
from migrator.engine.draft.vocabulary import Vocabulary
from migrator.engine.draft.words import among, words
from storage.schema import Table


@dataclass(frozen=True, kw_only=True)
class InspectedTable:
    """A table as its values are (not as it is declared), with its number of rows."""

    table: Table
    rows: int
    census: tuple[ColumnCensus, ...]


@dataclass(frozen=True, kw_only=True)
class Inspection:
    platform: str
    version: str
    tables: tuple[InspectedTable, ...]
    views: tuple[Table, ...]  # as they are declared: nobody computes their rows unasked
    tenants: tuple[TenantCandidate, ...]


def inspect(source: Source) -> Inspection:
    """Every table counted and every column tested by all of its values."""
    with source.fence() as reading:
        tables = []
        for declared in reading.schema.tables:
            table, census = reading.census(declared, Whole())
            tables.append(InspectedTable(table=table, rows=reading.count(table, Whole()), census=census))
        schema = reading.schema
    return Inspection(
        platform=schema.platform,
        version=schema.version,
        tables=tuple(tables),
        views=schema.views,
        tenants=source.tenants(lambda name: among(words(name), Vocabulary.TENANT)),
    )
