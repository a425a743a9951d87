"""What is told of a scope beside what leaves. It is the operator's: no archive has any of it."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.engine.draft.proposal import ProposedPolymorphic, ProposedReference
from migrator.engine.scope import Scope, TableScope


@dataclass(frozen=True, kw_only=True)
class Way:
    """A reference by which the table's rows might be the tenant's, whether they are by it, and why or why not.

    `rows` are the tenant's own that lead to the tenant's own by it; `outside` are those that lead out of them by it, of
    which the plan says `policy` (as in Crossing).
    """

    reference: str
    by: str  # its columns, joined by +
    parent: str
    chosen: bool
    why: str
    unless: str | None = None  # it counts only where this column is empty
    rows: int = 0
    outside: int = 0
    policy: str = ""


@dataclass(frozen=True, kw_only=True)
class TableExplained:
    """A table of the scope; `total` is how many rows it has in the source, an estimate unless `is_counted`."""

    scope: TableScope
    ways: tuple[Way, ...] = ()
    total: int | None = None  # None: nobody knows
    is_counted: bool = False

    @property
    def share(self) -> float | None:
        """The part of the table's rows that leaves, 0 to 1."""
        if not self.total:
            return None
        return min(self.scope.rows / self.total, 1.0)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A column that no reference is declared of, and that has ids of other tenants in the tenant's own rows.

    Numbers are told where they are ids more often than by chance. `looked_at` is how many of the tenant's rows were
    looked at: all of them where `whole`, else the first.
    """

    table: str
    column: str
    rows: int
    values: int
    looked_at: int
    whole: bool
    is_number: bool
    keys: tuple[str, ...] = ()  # of the first of these rows
    examples: tuple[str, ...] = ()  # ids of others: for the operator alone


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A scope with everything that nobody asked the plan about; none of the additions is red."""

    scope: Scope
    tables: tuple[TableExplained, ...]
    undeclared: tuple[ProposedReference, ...] = ()
    polymorphic: tuple[ProposedPolymorphic, ...] = ()
    held: tuple[Held, ...] = ()
    not_looked_at: tuple[str, ...] = ()  # what could not be looked for, and why
