"""migrator inspect URL"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.options import Json
from migrator.cli.output import print_json, print_table

if TYPE_CHECKING:
    from migrator.engine.inspect import Inspection


def command(
    url: Annotated[str, typer.Argument(metavar="URL", help="The platform, for example sqlite:///app.db")],
    json: Json = False,
) -> None:
    """Tables, keys, sizes, tenant candidates, and the fidelity class of every column, by its actual values."""
    from migrator.wiring import service

    found = service().inspect(url)
    if json:
        print_json(found.told)
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


def _not_held(found: Inspection) -> Iterator[tuple[str, str, str, str]]:
    for one in found.tables:
        for column, census in zip(one.table.columns, one.census, strict=True):
            if column.fidelity in ("lossy", "unsupported"):
                seen = ", ".join(census.found)
                yield f"{one.table.name}.{column.name}", column.native, column.fidelity, seen
