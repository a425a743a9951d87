"""A scope proposed from a source's schema and the first rows of its tables, for a person to confirm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mappings.nearest import nearest
from migrator.contracts import Reading
from migrator.engine.draft.documents import ids_in_documents
from migrator.engine.draft.evidence import Evidence
from migrator.engine.draft.meaning import Meanings
from migrator.engine.draft.polymorphic import polymorphic
from migrator.engine.draft.proposal import (
    Draft,
    ProposedPolymorphic,
    ProposedReference,
    ProposedRoot,
    TenantColumn,
    TenantTable,
)
from migrator.engine.draft.references import References
from migrator.engine.draft.standing import standing
from migrator.engine.draft.tenants import Edge, label_of, tenant_columns, tenant_tables
from storage.errors import Misuse
from storage.schema import Column, Kind, Schema, Table


def draft(reading: Reading, *, tenant: str = "", root: str = "") -> Draft:
    """What the source's names and values suggest. `root` is what a person says: table=key, table.column=value or
    column=value; `tenant` is whose data it is, looked up by that name where nothing is said.

    Misuse where `root` names what is not there.
    """
    schema, evidence = reading.schema, Evidence(reading)
    meanings = Meanings(schema.tables)
    typed = tuple(polymorphic(schema.tables, evidence, meanings))
    finder = References(evidence, meanings, {*_declared(schema), *((one.table, one.column) for one in typed)})
    single = finder.find(schema.tables)
    references = (*single, *finder.find_composite(schema.tables, single))
    edges = list(_edges(schema, references, typed))
    columns = tenant_columns(schema.tables, evidence)
    tables = tenant_tables(schema.tables, edges, evidence, meanings)
    proposed = _said(schema, root) if root else _guessed(tables, columns)
    if tenant and proposed and proposed.value is None:
        proposed = _named(proposed, tenant, schema, evidence)
    stand = standing(schema, proposed, references, typed, evidence)
    return Draft(
        platform=schema.platform,
        tables=len(schema.tables),
        tenant=tenant,
        root=proposed,
        tenant_tables=tables,
        tenant_columns=columns,
        references=references,
        polymorphic=typed,
        owned=stand.owned,
        shared=stand.shared,
        unclassified=stand.unclassified,
        notes=(
            *(f"{name} could not be read: {why}" for name, why in finder.unread.items()),
            *ids_in_documents(schema.tables, evidence, meanings),
        ),
    )


def _declared(schema: Schema) -> Iterator[tuple[str, str]]:
    """Columns whose references the source declares; of several together, what is not the tenant's of each."""
    for table in schema.tables:
        for key in table.foreign_keys:
            yield table.name, key.columns[-1]


def _edges(
    schema: Schema, references: Sequence[ProposedReference], typed: Sequence[ProposedPolymorphic]
) -> Iterator[Edge]:
    for table in schema.tables:
        yield from ((table.name, key.parent) for key in table.foreign_keys)
    yield from ((one.table, one.parent) for one in references)
    yield from ((one.table, meant.parent) for one in typed for meant in one.types)


# ── the root ────────────────────────────────────────────────────────────────────────────────────────────────
def _guessed(tables: Sequence[TenantTable], columns: Sequence[TenantColumn]) -> ProposedRoot | None:
    """A column that most keys begin with, or that more tables have than lead to any table; else the likeliest table."""
    column = columns[0] if columns else None
    table = tables[0] if tables else None
    if column and (column.is_of_most or table is None or column.tables > table.reached + 1):
        return ProposedRoot(table=None, column=column.column, guessed=column.guessed)
    return ProposedRoot(table=table.table, column=table.column, guessed=table.guessed) if table else None


def _said(schema: Schema, root: str) -> ProposedRoot:
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


def _unclear(root: str, next_: str) -> Misuse:
    return Misuse(f"the source has no such root: {root!r}", where="--root", next=next_)


def _typed(column: Column, value: str) -> str | int:
    """As a plan says it: a number where the column holds whole numbers."""
    return int(value) if column.type.kind is Kind.INTEGER and value.removeprefix("-").isdecimal() else value


def _named(root: ProposedRoot, tenant: str, schema: Schema, evidence: Evidence) -> ProposedRoot:
    """The root's value, where exactly one row of its table is called like the tenant."""
    table: Table | None = schema.table(root.table) if root.table else None
    label = label_of(table) if table else None
    if table is None or label is None:
        return root
    keys = evidence.matching(table, label, tenant, root.column)
    if len(keys) != 1 or not isinstance(keys[0], str | int):
        return root
    return replace(root, value=keys[0], guessed=f"{root.guessed}; {table.name}.{label} is {tenant} there alone")
