"""Where the ids of all tenants stand: the tables whose keys say which tenants there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mappings.quote import identifier as quoted
from migrator.contracts import Scalar, TableSize
from migrator.engine.classify import OWNED, SHARED, UNCLASSIFIED
from migrator.engine.doubts import is_key
from migrator.engine.equality import is_value
from migrator.engine.scope import Resolved
from migrator.plan import ColumnRoot, root_rows
from storage.schema import Column, Kind, Schema, Table

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
    """A column that names tenants; `value` is the plan's own, None where the rows of this table are its."""

    table: Table
    column: Column
    value: Scalar = None

    def ours(self, schema: str, condition: str) -> str:
        """The condition that a value `f` names the plan's tenant; its own rows in this schema satisfy `condition`."""
        if self.value is not None:
            return f"({is_value('f', self.column, self.value)}) IS TRUE"
        key = quoted(self.column.name)
        return f"f.{key} IN (SELECT {key} FROM {schema}.{quoted(self.table.name)} WHERE {condition})"


@dataclass(frozen=True, kw_only=True)
class Homes:
    """Those there are, and why there are no others; neither, where the plan knows of no other tenants."""

    found: tuple[Home, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def kinds(self) -> frozenset[Kind]:
        return frozenset(home.column.type.kind for home in self.found)


def homes_of(schema: Schema, resolved: Resolved, sizes: Sequence[TableSize] = ()) -> Homes:
    """By the root of the plan; `sizes` tell which tables are small enough to be read for want of a key."""
    places = list(_places(schema, resolved, sizes))
    root = resolved.rules.root
    found, lacking = [], []
    if isinstance(root, ColumnRoot) and not places:
        lacking.append(f"no key that {root.column} points at lists the tenants")
    for table, names in places:
        column = table.column(names[0])
        if len(names) > 1:
            lacking.append(f"{table.name} has no one column that tells tenants apart")
        elif column.type.kind not in LIKE_IDS:
            lacking.append(
                f"{table.name}.{column.name} is {column.type}, and only whole numbers, texts and UUIDs are looked for"
            )
        else:
            value = root.value if isinstance(root, ColumnRoot) else None
            found.append(Home(table=table, column=column, value=value))
    return Homes(found=tuple(found), lacking=tuple(lacking))


def _places(schema: Schema, resolved: Resolved, sizes: Sequence[TableSize]) -> Iterator[tuple[Table, tuple[str, ...]]]:
    root, closure = resolved.rules.root, resolved.closure
    if isinstance(root, ColumnRoot):
        yield from _of_column(schema, resolved, root.column, sizes)
        return
    for row in {row.table: row for row in root_rows(root)}.values():
        table = closure.table(row.table)
        yield table, table.primary_key if len(table.primary_key) == 1 else tuple(column for column, _ in row.where)


def _of_column(
    schema: Schema, resolved: Resolved, name: str, sizes: Sequence[TableSize]
) -> Iterator[tuple[Table, tuple[str, ...]]]:
    """What the tenant column points at; else a table that it is the key of; else a small one that has it."""
    classes, closure = resolved.classified.classes, resolved.closure
    pointed_at = {
        (reference.parent, reference.parent_columns[0]): None
        for reference in resolved.classified.references
        if reference.columns == (name,)
        and not reference.when
        and classes[reference.parent] in (OWNED, SHARED, UNCLASSIFIED)  # nobody needs a right to the others
    }
    for parent, column in pointed_at:
        yield closure.table(parent), (column,)
    if pointed_at:
        return
    rows = {size.table: size.rows for size in sizes}
    holding = [
        table
        for table in schema.tables
        if name in table.column_names and classes[table.name] == OWNED and not table.is_view
    ]
    listing = [table for table in holding if is_key(table, (name,))]
    small = [table for table in holding if 0 < rows.get(table.name, 0) <= MOST_ROWS_OF_NO_KEY]
    for table in listing[:1] or sorted(small, key=lambda table: rows[table.name])[:1]:
        yield closure.table(table.name), (name,)
