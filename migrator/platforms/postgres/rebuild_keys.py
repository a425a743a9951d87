"""Keys, constraints and indexes over restored rows; what the rows or the server do not allow is told, not forced.

An archive may hold one tenant, or rows from before a constraint was declared: a row may point at none, or be in breach
of a check. Such a constraint stands for all rows to come.
"""

from __future__ import annotations

from collections.abc import Sequence

from migrator.platforms.postgres.new_keys import (
    NOT_VALID,
    add_check,
    add_exclusion,
    add_reference,
    create_index,
    details,
    indexes,
)
from migrator.platforms.postgres.new_tables import Plan
from migrator.platforms.postgres.rebuild_names import Names
from migrator.platforms.postgres.rebuild_transaction import RebuildTransaction, violated
from migrator.platforms.relational.archived import expression
from migrator.platforms.relational.sqltext import quoted
from storage.model import Check
from storage.problem import Problem
from storage.schema import ForeignKey, Table

_EXAMPLES = 3


class RebuildKeys:
    """Adds them to all tables; appends to `told` what is not as it was declared."""

    def __init__(
        self, transaction: RebuildTransaction, names: Names, plans: Sequence[Plan], told: list[Problem]
    ) -> None:
        self._transaction = transaction
        self._names = names
        self._plans = plans
        self._by_name = {plan.table.name: plan for plan in plans}
        self._told = told

    def add(self) -> None:
        """Keys of all tables before the first reference to one; heirs' own checks before those they inherit."""
        for plan in self._plans:
            for index in sorted(indexes(plan), key=lambda one: one.constraint != "p"):
                self._attempt(plan, index.name, create_index(plan, index, self._names))
            for exclusion in plan.model.exclusions:
                self._attempt(plan, exclusion.name, add_exclusion(plan, exclusion, self._names))
        for plan in reversed(self._plans):
            for check in plan.model.checks:
                self._check(plan, check)
        for plan in self._plans:
            self._references(plan)

    def _attempt(self, plan: Plan, name: str, statement: str) -> None:
        where = f"{plan.table.name}.{name}"
        if refusal := self._transaction.attempt(statement, where):
            self._tell(where, f"it is left out: {refusal.what}")

    def _check(self, plan: Plan, check: Check) -> None:
        statement = add_check(plan, check, self._names)
        where = f"{plan.table.name}.{check.name}"
        refused = f"NOT {expression(check.expression, where=where)}"
        self._validated(plan, where, statement, check.valid, f"FROM {self._names.table(plan.table)} t WHERE {refused}")

    def _references(self, plan: Plan) -> None:
        for key, detail in details(plan):
            where = f"{plan.table.name}.{key.name}"
            if key.parent not in self._by_name:
                self._tell(where, f"it is left out: the archive does not have {key.parent}")
                continue
            parent = self._by_name[key.parent]
            statement = add_reference(plan, key, detail, parent.table, self._names)
            self._validated(plan, where, statement, detail.valid, self._orphans(plan, key, parent))

    def _validated(self, plan: Plan, where: str, statement: str, valid: bool, breaches: str) -> None:
        """Valid if it was and the rows let it be; else for rows to come."""
        refusal = self._transaction.attempt(statement if valid else statement + NOT_VALID, where)
        if refusal is None:
            return
        if not violated(refusal):
            self._tell(where, f"it is left out: {refusal.what}")
            return
        count, examples = self._breaches(plan.table, breaches)
        if refusal := self._transaction.attempt(statement + NOT_VALID, where):
            self._tell(where, f"rows are in breach of it, and it is left out: {refusal.what}", count, examples)
        else:
            self._tell(where, "rows are in breach of it: it stands NOT VALID, for rows to come", count, examples)

    def _breaches(self, table: Table, source: str) -> tuple[int, tuple[str, ...]]:
        """How many rows, and the keys of the first."""
        [(count,)] = self._transaction.rows(f"SELECT count(*) {source}")
        key = table.primary_key or table.column_names
        shown = ", ".join(f"t.{quoted(column)}" for column in key)
        found = self._transaction.rows(f"SELECT concat_ws('/', {shown}) {source} LIMIT {_EXAMPLES}")
        return int(count), tuple(str(example) for (example,) in found)

    def _orphans(self, plan: Plan, key: ForeignKey, parent: Plan) -> str:
        """The rows that point at none."""
        pairs = zip(key.columns, key.parent_columns, strict=True)
        met = " AND ".join(f"p.{quoted(theirs)} = t.{quoted(own)}" for own, theirs in pairs)
        filled = " AND ".join(f"t.{quoted(own)} IS NOT NULL" for own in key.columns)
        parents = f"SELECT FROM {parent.relation}{self._names.table(parent.table)} p WHERE {met}"
        return f"FROM {plan.relation}{self._names.table(plan.table)} t WHERE {filled} AND NOT EXISTS ({parents})"

    def _tell(self, where: str, what: str, count: int = 1, examples: tuple[str, ...] = ()) -> None:
        self._told.append(
            Problem(where=where, what=what, count=count, examples=examples, next="mend the rows, then make it by hand")
        )
