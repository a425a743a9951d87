"""Restored rows that break what their table declares, told in the same words on every platform.

An archive may hold one tenant, or rows from before a promise was made: one may point at no row, or break a check. What
is declared stands for new rows all the same, and who restores is told which of the old ones do not keep it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.platforms.relational.sqltext import quoted, said
from migrator.platforms.relational.transaction import pointing
from storage.problem import Problem
from storage.schema import ForeignKey, Table

SHOWN = 10
"""Rows told of each breach; all are counted."""

BREAK_CHECK = "rows break this check"
STANDS = "it stands for new rows"
_NEXT = "they were so in the source, or their parents are not the tenant's: whether they may stay is the owner's to say"


def point_nowhere(parent: str) -> str:
    """What is said of rows whose foreign key finds none in its parent."""
    return f"rows point at no row of {parent}"


def breach(where: str, what: str, count: int, rows: Iterable[Sequence[object]], *, but: str = STANDS) -> Problem:
    """`count` rows do what is said; of `rows`, the first of them, the values of `telling` columns are given."""
    return Problem(
        where=where, what=f"{what}; {but}", count=count, examples=tuple(said([row]) for row in rows), next=_NEXT
    )


def telling(table: Table) -> tuple[str, ...]:
    """The columns that tell a person which row is meant: its key, else the first few."""
    return table.primary_key or table.column_names[:3]


def pointing_nowhere(child: str, parent: str, key: ForeignKey) -> str:
    """`FROM … t WHERE …`, the child's rows that find none in the parent; both are named as FROM names tables."""
    filled = " AND ".join(f"t.{quoted(column)} IS NOT NULL" for column in key.columns)
    return f"FROM {child} t WHERE {filled} AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE {pointing('t', 'p', key)})"
