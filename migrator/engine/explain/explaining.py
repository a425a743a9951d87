"""Puts an explanation together: what the scope itself says, sizes, and a look at the first of the tenant's rows."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.contracts import Reading, TableSize, Whole
from migrator.engine.classify import OWNED, SHARED
from migrator.engine.explain.explanation import Explanation, Held, TableExplained
from migrator.engine.explain.strangers import Strangers
from migrator.engine.explain.undeclared import Undeclared, declared, undeclared
from migrator.engine.explain.ways import ways
from migrator.engine.homes import homes_of
from migrator.engine.scope import Resolved, TableScope
from migrator.engine.workbench import Workbench


def explain(
    reading: Reading, resolved: Resolved, bench: Workbench, sizes: Sequence[TableSize], *, count: bool = False
) -> Explanation:
    """Everything there is to say of a scope. How large tables are is the platform's estimate, and costs nothing;
    with `count` every table of which rows leave is counted whole.
    """
    seen = undeclared(reading, resolved)
    held, not_looked_at = _held(reading, resolved, bench, sizes, seen)
    estimated = {size.table: size.rows for size in sizes}
    return Explanation(
        scope=resolved.scope,
        tables=tuple(
            _explained(table, reading, resolved, estimated.get(table.name, 0), count=count)
            for table in resolved.scope.tables
        ),
        undeclared=seen.references,
        polymorphic=seen.polymorphic,
        held=held,
        not_looked_at=tuple(dict.fromkeys((*seen.unread, *not_looked_at))),
    )


def _explained(
    table: TableScope, reading: Reading, resolved: Resolved, estimated: int, *, count: bool
) -> TableExplained:
    total: int | None = max(estimated, table.rows) if estimated else None  # statistics may be old
    described = reading.schema.table(table.name)
    is_counted = count and table.class_ in (OWNED, SHARED) and not described.is_view
    if is_counted:
        total = reading.count(described, Whole())
    return TableExplained(scope=table, ways=tuple(ways(table.name, resolved)), total=total, is_counted=is_counted)


def _held(
    reading: Reading, resolved: Resolved, bench: Workbench, sizes: Sequence[TableSize], seen: Undeclared
) -> tuple[tuple[Held, ...], Sequence[str]]:
    """Ids of other tenants, where the plan knows of any; and what could not be looked for."""
    homes = homes_of(reading.schema, resolved, sizes)
    held: list[Held] = []
    unread = [f"ids of other tenants were not looked for: {why}" for why in homes.lacking]
    for home in homes.found:
        # what is a key of another table is no tenant's id, whatever number it is
        elsewhere = {
            (one.table, name) for one in seen.references if one.parent != home.table.name for name in one.columns
        }
        known = {*declared(reading.schema, resolved), *elsewhere}
        strangers = Strangers(reading, resolved, bench, home, known=known)
        held += strangers.find()
        unread += strangers.unread
    return tuple(held), unread
