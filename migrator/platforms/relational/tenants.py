"""Which tables look as if they say whose a row is: by what they are called, and by how many others point at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrator.contracts import TenantCandidate
from storage.schema import Schema, Table


def candidates(
    schema: Schema, is_likely: Callable[[str], bool], distinct: Callable[[Table, str], tuple[int, tuple[str, ...]]]
) -> Iterator[TenantCandidate]:
    """The tables likely by name, most referenced first; `distinct` counts a column's values and gives three."""
    referencing: dict[str, set[str]] = {}
    for table in schema.tables:
        for key in table.foreign_keys:
            if key.parent != table.name:
                referencing.setdefault(key.parent, set()).add(table.name)
    likely = [table for table in schema.tables if len(table.primary_key) == 1 and is_likely(table.local_name)]
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
