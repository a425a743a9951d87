"""Numbers that sequences give: after a load, and as long as it stands, none that a loaded row has."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.quote import identifier as quoted
from migrator.contracts import Numbered, Staged, Target
from migrator.engine.prepare import Prepared
from migrator.outcomes import Check
from storage.schema import Kind


def free_numbers(prepared: Prepared, target: Target) -> Iterator[Check]:
    """One check for each column that the mapping fills with whole numbers and a sequence of the target fills too."""
    counting = {one.table.name: one for one in prepared.tables if any(column.identity for column in one.table.columns)}
    for numbered in target.numbered([one.table for one in counting.values()]):
        staged = counting[numbered.table]
        if numbered.column in staged.columns and staged.table.column(numbered.column).type.kind is Kind.INTEGER:
            yield _free(prepared, staged, numbered)


def _free(prepared: Prepared, staged: Staged, numbered: Numbered) -> Check:
    furthest = f"{'max' if numbered.step > 0 else 'min'}({quoted(numbered.column)})"
    loaded = prepared.workbench.one(f"SELECT {furthest} FROM ({prepared.rows(staged)})")
    ahead = loaded is None or (numbered.following - loaded) * numbered.step > 0
    return Check(
        name=f"{numbered.table}.{numbered.column}: the sequence's next number is beyond those of the loaded rows",
        passed=ahead,
        detail=f"next {numbered.following}, loaded up to {loaded}",
    )
