"""What a platform holds, before anything is decided."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from migrator.contracts import ColumnCensus, Source, TenantCandidate, Whole
from migrator.engine.draft.vocabulary import Vocabulary
from migrator.engine.draft.words import among, words
from storage.schema import Column, Table


@dataclass(frozen=True, kw_only=True)
class InspectedTable:
    """A table as its values are (not as it is declared), with its number of rows."""

    table: Table
    rows: int
    census: tuple[ColumnCensus, ...]

    @property
    def told(self) -> dict[str, Any]:
        columns = zip(self.table.columns, self.census, strict=True)
        return {
            "name": self.table.name,
            "rows": self.rows,
            "primary_key": self.table.primary_key,
            "columns": [_column(column, census) for column, census in columns],
        }


@dataclass(frozen=True, kw_only=True)
class Inspection:
    platform: str
    version: str
    tables: tuple[InspectedTable, ...]
    views: tuple[Table, ...]  # as they are declared: nobody computes their rows unasked
    tenants: tuple[TenantCandidate, ...]

    @property
    def told(self) -> dict[str, Any]:
        """As one JSON object, for programs."""
        return {
            "platform": self.platform,
            "version": self.version,
            "tables": [one.told for one in self.tables],
            "views": [_view(view) for view in self.views],
            "tenants": [asdict(tenant) for tenant in self.tenants],
        }


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


def _view(view: Table) -> dict[str, Any]:
    columns = [
        {"name": column.name, "type": str(column.type), "native": column.native, "nullable": column.nullable}
        for column in view.columns
    ]
    return {"name": view.name, "kind": view.kind, "columns": columns}


def _column(column: Column, census: ColumnCensus) -> dict[str, Any]:
    """A column as it is declared, and as its values are."""
    return {
        "name": column.name,
        "type": str(column.type),
        "native": column.native,
        "fidelity": column.fidelity,
        "nulls": census.nulls,
        "found": census.found,
        "nullable": column.nullable,
        "default": column.default,
        "identity": column.identity,
        "generated": column.generated,
        "collation": column.collation,
        "comment": column.comment,
    }
