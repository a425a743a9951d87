"""migrator inspect URL"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from migrator.cli.options import Json
from migrator.cli.output import print_json, print_table


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
                            {
                                "name": column.name,
                                "type": str(column.type),
                                "native": column.native,
                                "fidelity": column.fidelity,
                                "nulls": census.nulls,
                                "found": census.found,
                            }
                            for column, census in zip(one.table.columns, one.census, strict=True)
                        ],
                    }
                    for one in found.tables
                ],
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
    print_table(
        "\nTenant candidates",
        ("table", "column", "tenants", "examples", "tables pointing at it"),
        ((t.table, t.column, t.tenants, ", ".join(t.examples), t.referencing_tables) for t in found.tenants),
        right=("tenants", "tables pointing at it"),
    )
