"""migrator inspect URL"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from migrator.cli.options import Json
from migrator.cli.output import print_json, print_table

if TYPE_CHECKING:
    from migrator.contracts import ColumnCensus
    from migrator.engine.inspect import Inspection
    from storage.schema import Column, Table


def command(
    url: Annotated[str, typer.Argument(metavar="URL", help="The platform, for example sqlite:///app.db")],
    json: Json = False,
) -> None:
    """Tables, keys, sizes, tenant candidates, and the fidelity class of every column, by its actual values."""
    from migrator.wiring import service

    found = service().inspect(url)
    if json:
        print_json(
            {
                "platform": found.platform,
                "version": found.version,
                "tables": [
                    {
                        "name": one.table.name,
                        "rows": one.rows,
                        "primary_key": one.table.primary_key,
                        "columns": [
                            _column(column, census)
                            for column, census in zip(one.table.columns, one.census, strict=True)
                        ],
                    }
                    for one in found.tables
                ],
                "views": [_view(view) for view in found.views],
                "tenants": [asdict(tenant) for tenant in found.tenants],
            }
        )
        return
    print_table(
        f"{found.platform} {found.version}: {len(found.tables)} tables",
        ("table", "rows", "key", "columns held as text"),
        (
            (
                one.table.name,
                one.rows,
                ", ".join(one.table.primary_key) or "none",
                ", ".join(c.name for c in one.table.columns if c.fidelity != "exact") or "–",
            )
            for one in found.tables
        ),
        right=("rows",),
    )
    if not_held := list(_not_held(found)):
        print_table(
            "\nNot held exactly: a snapshot is red until the plan accepts each by name, with a reason",
            ("column", "type", "class", "found"),
            not_held,
        )
    if found.views:
        print_table(
            "\nViews, whose rows leave where a plan asks for them (scope.views)",
            ("view", "kind", "columns"),
            ((view.name, view.kind, ", ".join(view.column_names) or "cannot be told") for view in found.views),
        )
    print_table(
        "\nTenant candidates",
        ("table", "column", "tenants", "examples", "tables pointing at it"),
        ((t.table, t.column, t.tenants, ", ".join(t.examples), t.referencing_tables) for t in found.tenants),
        right=("tenants", "tables pointing at it"),
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


def _not_held(found: Inspection) -> Iterator[tuple[str, str, str, str]]:
    for one in found.tables:
        for column, census in zip(one.table.columns, one.census, strict=True):
            if column.fidelity in ("lossy", "unsupported"):
                seen = ", ".join(census.found)
                yield f"{one.table.name}.{column.name}", column.native, column.fidelity, seen
