"""Which tables look as if they say whose a row is: their name says customer, and others point at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrator.contracts import TenantCandidate
from storage.schema import Schema, Table

_TENANT_LIKE = ("tenant", "company", "compan", "customer", "client", "organi", "account", "store", "shop", "workspace")


def candidates(
    schema: Schema, distinct: Callable[[Table, str], tuple[int, tuple[str, ...]]]
) -> Iterator[TenantCandidate]:
    """The likely tables, most referenced first; `distinct` counts a column's values and gives the first three."""
    referencing: dict[str, set[str]] = {}
    for table in schema.tables:
        for key in table.foreign_keys:
            if key.parent != table.name:
                referencing.setdefault(key.parent, set()).add(table.name)
    likely = [
        table
        for table in schema.tables
        if len(table.primary_key) == 1 and any(word in table.name.lower() for word in _TENANT_LIKE)
    ]
    for table in sorted(likely, key=lambda table: (-len(referencing.get(table.name, ())), table.name)):
        column = table.primary_key[0]
        tenants, examples = distinct(table, column)
        yield TenantCandidate(
            table=table.name,
            column=column,
            tenants=tenants,
            examples=examples,
            referencing_tables=len(referencing.get(table.name, ())),
        )
