"""What leaves of other people with somebody's rows: keys by which these name them, and rows that the plan carries."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from migrator.engine.classify import OWNED, SHARED
from migrator.engine.keysets import CARRIED, STUB
from migrator.engine.scope import Resolved
from migrator.plan.written import KEY

WITHHELD, ROW, EMPTIED = "withheld", "carry", "stub"
"""What leaves beside KEY and `null`: neither column nor key; the row of theirs; a row with little but its key."""


@dataclass(frozen=True, kw_only=True)
class OtherPeople:
    """How many rows of the export name somebody else by `named_by`, a column, and what `leaves` of whom they name.

    Where rows of theirs come along, `named_by` is their table, and `rows` are theirs.
    """

    named_by: str
    rows: int
    leaves: str  # KEY | null | WITHHELD | ROW | EMPTIED


def other_people(resolved: Resolved, people: Collection[str]) -> Iterator[OtherPeople]:
    """Of an export found, by the references that lead to tables of `people`."""
    closure, rules, classes = resolved.closure, resolved.rules, resolved.classified.classes
    for reference in resolved.classified.references:
        if reference.parent in people and classes[reference.table] in (OWNED, SHARED):
            rows, _ = closure.crossing(reference)
            hidden = any(f"{reference.table}.{column}" in rules.withheld for column in reference.columns)
            leaves = WITHHELD if hidden else "null" if rules.foreign.get(reference.name) == "null" else KEY
            if rows:
                yield OtherPeople(named_by=reference.name, rows=rows, leaves=leaves)
    for name in (name for name, class_ in classes.items() if class_ == OWNED):
        for kind, leaves in ((CARRIED, ROW), (STUB, EMPTIED)):
            if rows := closure.count(name, kind):
                yield OtherPeople(named_by=name, rows=rows, leaves=leaves)
