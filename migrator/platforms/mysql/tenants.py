"""Which tables look like they say whose a row is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from migrator.contracts import TenantCandidate
from migrator.platforms.mysql.connect import Connection
from migrator.platforms.relational.sqltext import quoted
from storage.schema import Schema

_TENANT_LIKE = ("tenant", "company", "compan", "customer", "client", "organi", "account", "store", "shop", "workspace")


def candidates(connection: Connection, schema: Schema) -> Iterator[TenantCandidate]:
    """Tables with a key of one column whose name says customer, most referenced first."""
    referencing: dict[str, set[str]] = defaultdict(set)
    for table in schema.tables:
        for key in table.foreign_keys:
            if key.parent != table.name:
                referencing[key.parent].add(table.name)
    likely = [
        table
        for table in schema.tables
        if len(table.primary_key) == 1 and any(word in table.name.lower() for word in _TENANT_LIKE)
    ]
    for table in sorted(likely, key=lambda table: (-len(referencing[table.name]), table.name)):
        column, name = quoted(table.primary_key[0]), quoted(table.name)
        yield TenantCandidate(
            table=table.name,
            column=table.primary_key[0],
            tenants=int(connection.text(f"SELECT count(*) FROM {name}")),
            examples=tuple(row[0] or "" for row in connection.texts(f"SELECT {column} FROM {name} ORDER BY 1 LIMIT 3")),
            referencing_tables=len(referencing[table.name]),
        )
