"""What left with the tenant, as a page draws it: a tree of tables with their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migrator.outcomes import ArchivedTable, RunReport
from migrator.reports.tree import tree

MOST_LINES = 40
"""How many tables a page shows at once; of more, the largest, and the tree folded up."""
AMOUNT = 100.0
_LEAST = 0.8  # of one row among millions, something is seen


@dataclass(frozen=True, kw_only=True)
class Line:
    """A table with the guide of its place in the tree, and its rows as a part of the largest table's (0 to AMOUNT)."""

    table: ArchivedTable
    guide: str
    amount: float


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """`owned` in the order of the tree, `shared` by name; `largest` stands for both where they are too many to read."""

    owned: tuple[Line, ...]
    shared: tuple[Line, ...]
    largest: tuple[Line, ...]

    @property
    def is_folded(self) -> bool:
        return len(self.owned) + len(self.shared) > MOST_LINES


def drawn(report: RunReport) -> Drawn:
    """The tables of the archive; none where the report does not know them."""
    return drawn_tables(report.scope)


def drawn_tables(archived: Sequence[ArchivedTable]) -> Drawn:
    """These tables, each where it belongs."""
    tables = {table.table: table for table in archived}
    most = max((table.rows for table in archived), default=0)

    def line(table: ArchivedTable, guide: str = "") -> Line:
        amount = max(AMOUNT * table.rows / most, _LEAST) if table.rows else 0.0
        return Line(table=table, guide=guide, amount=round(amount, 2))

    parents = {name: table.parents for name, table in tables.items() if table.kind == "owned"}
    largest = sorted(archived, key=lambda table: (-table.rows, table.table))
    return Drawn(
        owned=tuple(line(tables[placed.name], placed.guide) for placed in tree(parents)),
        shared=tuple(line(table) for table in archived if table.kind != "owned"),
        largest=tuple(line(table) for table in largest[: MOST_LINES // 2]),
    )
