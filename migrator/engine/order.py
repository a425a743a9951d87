"""The order tables are worked in: parents before children, and a cycle wherever it has to be broken."""

from __future__ import annotations

from collections.abc import Sequence

from storage.schema import Table


def parents_first(tables: Sequence[Table]) -> tuple[Table, ...]:
    """Every table after the tables it points at, as far as cycles allow; ties keep their given order."""
    by_name = {table.name: table for table in tables}
    placed: dict[str, Table] = {}

    def place(table: Table, above: tuple[str, ...]) -> None:
        for key in table.foreign_keys:
            if key.parent in by_name and key.parent not in placed and key.parent not in (*above, table.name):
                place(by_name[key.parent], (*above, table.name))
        placed.setdefault(table.name, table)

    for table in tables:
        if table.name not in placed:
            place(table, ())
    return tuple(placed.values())
