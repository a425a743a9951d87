"""Where the ids of all tenants stand: the table whose key says which tenants there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mappings.quote import identifier as quoted
from migrator.contracts import Reading, TableSize
from migrator.engine.classify import OWNED, SHARED, UNCLASSIFIED
from migrator.engine.equality import is_value
from migrator.engine.scope import Resolved
from migrator.plan import ColumnRoot, root_rows
from storage.schema import Column, Kind, Table

MOST_ROWS_OF_NO_KEY = 100_000
"""What may be read of a table for the tenants it names, where no key lists them."""

LIKE_IDS = {
    Kind.INTEGER: (Kind.INTEGER, Kind.TEXT),
    Kind.UUID: (Kind.UUID, Kind.TEXT),
    Kind.TEXT: (Kind.TEXT, Kind.UUID),
}
"""By what an id is: what a column is that may hold one."""


@dataclass(frozen=True, kw_only=True)
class Home:
    """A column that names tenants, and `ours`: the condition that a value `f` of it names the plan's."""

    table: Table
    column: Column
    ours: str


def home_of(reading: Reading, resolved: Resolved, sizes: Sequence[TableSize]) -> Home | str | None:
    """The home of the tenants' ids; why there is none; None where the plan knows of no other tenants."""
    root, closure = resolved.rules.root, resolved.closure
    for row in root_rows(root)[:1]:  # several rows are the tenant's: those of the first one's table say who there is
        table = closure.table(row.table)
        named = table.primary_key if len(table.primary_key) == 1 else tuple(column for column, _ in row.where)
        own = f"SELECT {quoted(named[0])} FROM own.{quoted(table.name)} WHERE migrator_class = 'owned'"
        if len(named) > 1:
            return f"{table.name} has no one column that tells tenants apart"
        return _home(table, named[0], f"f.{quoted(named[0])} IN ({own})")
    if not isinstance(root, ColumnRoot):
        return None
    place = _place(reading, resolved, root, sizes)
    if place is None:
        return f"no key that {root.column} points at lists the tenants"
    table, name = place
    return _home(table, name, f"({is_value('f', table.column(name), root.value)}) IS TRUE")


def _home(table: Table, name: str, ours: str) -> Home | str:
    column = table.column(name)
    if column.type.kind not in LIKE_IDS:
        return f"{table.name}.{name} is {column.type}, and only whole numbers, texts and UUIDs are looked for"
    return Home(table=table, column=column, ours=ours)


def _place(
    reading: Reading, resolved: Resolved, root: ColumnRoot, sizes: Sequence[TableSize]
) -> tuple[Table, str] | None:
    """What the tenant column points at; else the smallest table that has it, where that is known to be small."""
    classes = resolved.classified.classes
    for reference in resolved.classified.references:
        is_readable = classes[reference.parent] in (OWNED, SHARED, UNCLASSIFIED)
        if reference.columns == (root.column,) and not reference.when and is_readable:
            return resolved.closure.table(reference.parent), reference.parent_columns[0]
    rows = {size.table: size.rows for size in sizes}
    holding = [
        table
        for table in reading.schema.tables
        if root.column in table.column_names and classes[table.name] == OWNED and not table.is_view
    ]
    small = [table for table in holding if 0 < rows.get(table.name, 0) <= MOST_ROWS_OF_NO_KEY]
    if not small:
        return None
    return resolved.closure.table(min(small, key=lambda table: rows[table.name]).name), root.column
