"""What the plan's root says of a table by itself: which of its rows are the tenant's before a reference is followed."""

from __future__ import annotations

from fnmatch import fnmatchcase

from mappings.nearest import nearest
from migrator.contracts import AnyOf, Matching
from migrator.engine.equality import is_value
from migrator.plan import ColumnRoot, DatabaseRoot, Root, SchemaRoot, TableRoot, root_rows
from storage.errors import Misuse
from storage.schema import Schema, Table


# ── by where a table lies ───────────────────────────────────────────────────────────────────────────────────
def require_schemas(root: SchemaRoot, schema: Schema) -> None:
    """Misuse where the source has no such schema, or where the plan calls none of its schemas by what it says."""
    known = sorted({home for table in (*schema.tables, *schema.views) if (home := _home(table, schema))})
    if not known:
        raise Misuse(
            f"{schema.platform} has no schemas",
            where=root.at,
            next="write `root: database` if all of it is the tenant's",
        )
    if root.schema not in known:
        raise Misuse(f"the source has no schema {root.schema!r}", where=root.at, next=nearest(root.schema, known))
    for pattern in root.others:
        if not any(fnmatchcase(name, pattern) for name in known if name != root.schema):
            raise Misuse(f"no other schema is called {pattern!r}", where=root.at, next=nearest(pattern, known))


def is_whole(root: Root, table: Table, schema: Schema) -> bool:
    """Whether all of the table's rows are the tenant's, for where it lies.

    What a view of a schema shows may lie in any other: whose its rows are, only a path can tell.
    """
    if isinstance(root, SchemaRoot):
        return not table.is_view and _home(table, schema) == root.schema
    return isinstance(root, DatabaseRoot)


def is_of_others(root: Root, table: Table, schema: Schema) -> bool:
    """Whether the table lies in a schema that the plan calls another tenant's."""
    home = _home(table, schema)
    if not isinstance(root, SchemaRoot) or home is None or home == root.schema:
        return False
    return any(fnmatchcase(home, pattern) for pattern in root.others)


def _home(table: Table, schema: Schema) -> str | None:
    return table.schema or schema.home


# ── by what a row holds ─────────────────────────────────────────────────────────────────────────────────────
def matching(root: TableRoot) -> Matching:
    """What selects the one row that is the tenant."""
    return Matching(columns=tuple(name for name, _ in root.where), values=tuple(value for _, value in root.where))


def marks(root: Root, table: Table) -> tuple[Matching, ...]:
    """What the tenant's rows of this table have, any of these; empty where the root tells none by its values."""
    if isinstance(root, ColumnRoot):
        has = root.column in table.column_names
        return (Matching(columns=(root.column,), values=(root.value,)),) if has else ()
    return tuple(matching(one) for one in root_rows(root) if one.table == table.name)


def any_of(marks: tuple[Matching, ...]) -> Matching | AnyOf:
    return marks[0] if len(marks) == 1 else AnyOf(among=marks)


def has_any(alias: str, table: Table, marks: tuple[Matching, ...]) -> str:
    """The condition that a row of the workbench has one of these marks."""
    return f"({' OR '.join(_has(alias, table, mark) for mark in marks)})"


def _has(alias: str, table: Table, mark: Matching) -> str:
    values = zip(mark.columns, mark.values, strict=True)
    return f"({' AND '.join(is_value(alias, table.column(name), value) for name, value in values)})"


def named_columns(root: Root, table: Table) -> frozenset[str]:
    """The columns by whose values the root tells rows of this table."""
    return frozenset(name for mark in marks(root, table) for name in mark.columns)
