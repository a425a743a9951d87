"""Who the tenant is: as a person says it, or as the likeliest candidate has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mappings.nearest import nearest
from migrator.contracts import Matching, Reading
from migrator.engine.draft.evidence import Evidence
from migrator.engine.draft.proposal import ProposedRoot, TenantColumn, TenantTable
from migrator.engine.draft.tenants import label_of
from storage.errors import Misuse
from storage.schema import Column, Kind, Schema

_WRITTEN = frozenset({Kind.INTEGER, Kind.TEXT, Kind.UUID})  # keys that a plan can hold as they are


def guessed_root(tables: Sequence[TenantTable], columns: Sequence[TenantColumn]) -> ProposedRoot | None:
    """A column that most keys begin with, or that more tables have than lead to any table; else the likeliest table."""
    column = columns[0] if columns else None
    table = tables[0] if tables else None
    if column and (column.is_of_most or table is None or column.tables > table.reached + 1):
        return ProposedRoot(table=None, column=column.column, guessed=column.guessed)
    return ProposedRoot(table=table.table, column=table.column, guessed=table.guessed) if table else None


def said_root(schema: Schema, root: str) -> ProposedRoot:
    """The root as a person wrote it on the command line."""
    named, equals, value = root.partition("=")
    if not equals or not value:
        raise _unclear(root, "write table=key, table.column=value or column=value")
    table, dot, column = named.rpartition(".")
    if named in schema.table_names:
        key = schema.table(named).primary_key
        if len(key) != 1:
            raise _unclear(root, f"{named} has no key of one column: write {named}.column=value")
        return ProposedRoot(table=named, column=key[0], value=_typed(schema.table(named).column(key[0]), value))
    if dot and table in schema.table_names:
        if column not in schema.table(table).column_names:
            raise _unclear(root, nearest(column, schema.table(table).column_names))
        return ProposedRoot(table=table, column=column, value=_typed(schema.table(table).column(column), value))
    for holding in schema.tables:
        if named in holding.column_names:
            return ProposedRoot(table=None, column=named, value=_typed(holding.column(named), value))
    raise _unclear(root, nearest(named, schema.table_names))


def require_there(reading: Reading, root: ProposedRoot, said: str) -> None:
    """Misuse where the table has no such row: a draft about nobody would look as good as any."""
    if root.table is None:
        return
    if not reading.count(reading.schema.table(root.table), Matching(columns=(root.column,), values=(root.value,))):
        raise _unclear(said, f"no row of {root.table} has {root.column} = {root.value!r}: name the tenant's own row")


def _unclear(root: str, next_: str) -> Misuse:
    return Misuse(f"the source has no such root: {root!r}", where="--root", next=next_)


def _typed(column: Column, value: str) -> str | int:
    """As a plan says it: a number where the column holds whole numbers."""
    return int(value) if column.type.kind is Kind.INTEGER and value.removeprefix("-").isdecimal() else value


def named_root(root: ProposedRoot, tenant: str, schema: Schema, evidence: Evidence) -> ProposedRoot:
    """The root's value, where exactly one row of its table is called like the tenant."""
    table = schema.table(root.table) if root.table else None
    label = label_of(table) if table else None
    if table is None or label is None:
        return root
    called = Matching(columns=(label,), values=(tenant,))
    found = evidence.sample(table, [root.column], most=2, where=called)
    keys = found.rows[root.column].to_pylist()
    if len(keys) != 1 or found.table.column(root.column).type.kind not in _WRITTEN:
        return root
    return replace(root, value=keys[0], guessed=f"{root.guessed}; {table.name}.{label} is {tenant} there alone")
