"""Keys, constraints and indexes over restored rows; what the rows or the server do not allow is told, not forced.

An archive may hold one tenant, or rows from before a constraint was declared: a row may point at none, or be in breach
of a check. Such a constraint stands for all rows to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migrator.platforms.postgres.new_keys import (
    NOT_VALID,
    add_check,
    add_exclusion,
    add_reference,
    create_index,
    details,
    indexes,
)
from migrator.platforms.postgres.new_tables import Outline
from migrator.platforms.postgres.rebuild_names import Names
from migrator.platforms.postgres.rebuild_transaction import RebuildTransaction, violated
from migrator.platforms.postgres.volatile import left_out, volatile_conditions
from migrator.platforms.relational.archived import POSTGRESQL
from migrator.platforms.relational.breaches import (
    BREAK_CHECK,
    SHOWN,
    breach,
    point_nowhere,
    pointing_nowhere,
    telling,
)
from migrator.platforms.relational.sqltext import literal, quoted
from storage.model import Check
from storage.problem import Problem
from storage.schema import Table

_MEND = "mend the rows, then make it by hand"


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Rows that do what no row should; `source` selects them, as `FROM … t WHERE …`."""

    table: Table
    what: str
    source: str


class RebuildKeys:
    """Adds them to all tables; appends to `told` what is not as it was declared."""

    def __init__(
        self, transaction: RebuildTransaction, names: Names, outlines: Sequence[Outline], told: list[Problem]
    ) -> None:
        self._transaction = transaction
        self._names = names
        self._outlines = outlines
        self._by_name = {outline.table.name: outline for outline in outlines}
        self._told = told

    def add(self) -> None:
        """Keys of all tables before the first reference to one; heirs' own checks before those they inherit."""
        for outline in self._outlines:
            for index in sorted(indexes(outline), key=lambda one: one.constraint != "p"):
                self._attempt(outline, index.name, create_index(outline, index, self._names))
            for exclusion in outline.model.exclusions:
                self._attempt(outline, exclusion.name, add_exclusion(outline, exclusion, self._names))
        for outline in reversed(self._outlines):
            for check in outline.model.checks:
                self._check(outline, check)
        for outline in self._outlines:
            self._references(outline)

    def _attempt(self, outline: Outline, name: str, statement: str) -> None:
        where = f"{outline.table.name}.{name}"
        if refusal := self._transaction.attempt(statement, where):
            self._tell(where, f"it is left out: {refusal.what}")

    def _check(self, outline: Outline, check: Check) -> None:
        statement = add_check(outline, check, self._names)
        where = f"{outline.table.name}.{check.name}"
        if called := self._called(outline, check, statement):
            self._tell(where, left_out(called), next_="look at what it does, then make it by hand")
            return
        broken = f"NOT {POSTGRESQL.expression(check.expression, where=where)}"
        rows = _Rows(
            table=outline.table, what=BREAK_CHECK, source=f"FROM {self._names.table(outline.table)} t WHERE {broken}"
        )
        self._validated(where, statement, check.valid, rows)

    def _called(self, outline: Outline, check: Check, statement: str) -> str | None:
        """What of it may do anything, asked before any row is."""
        if self._transaction.attempt(statement + NOT_VALID, check.name):
            return None  # as who declares it is told
        name, only = self._names.table(outline.table), "" if check.inherited else outline.relation
        which = f"c.conrelid = {literal(name)}::regclass AND c.conname = {literal(check.name)}"
        found = volatile_conditions(self._transaction, which)
        self._transaction.execute(f"ALTER TABLE {only}{name} DROP CONSTRAINT {quoted(check.name)}")
        return found.get(check.name)

    def _references(self, outline: Outline) -> None:
        for key, detail in details(outline):
            where = f"{outline.table.name}.{key.name}"
            if key.parent not in self._by_name:
                self._tell(where, f"it is left out: the archive does not have {key.parent}")
                continue
            parent = self._by_name[key.parent]
            statement = add_reference(outline, key, detail, parent.table, self._names)
            orphans = pointing_nowhere(self._read(outline), self._read(parent), key)
            rows = _Rows(table=outline.table, what=point_nowhere(key.parent), source=orphans)
            self._validated(where, statement, detail.valid, rows)

    def _read(self, outline: Outline) -> str:
        return f"{outline.relation}{self._names.table(outline.table)}"

    def _validated(self, where: str, statement: str, valid: bool, rows: _Rows) -> None:
        """Valid if it was and the rows let it be; else for rows to come."""
        refusal = self._transaction.attempt(statement if valid else statement + NOT_VALID, where)
        if refusal is None:
            return
        if not violated(refusal):
            self._tell(where, f"it is left out: {refusal.what}")
            return
        refusal = self._transaction.attempt(statement + NOT_VALID, where)
        but = f"it is left out: {refusal.what}" if refusal else f"it stands{NOT_VALID}, for new rows"
        self._told.append(self._breach(where, rows, but))

    def _breach(self, where: str, rows: _Rows, but: str) -> Problem:
        [(count,)] = self._transaction.rows(f"SELECT count(*) {rows.source}")
        shown = ", ".join(f"t.{quoted(column)}::text" for column in telling(rows.table))
        first = self._transaction.rows(f"SELECT {shown} {rows.source} LIMIT {SHOWN}")
        return breach(where, rows.what, int(count), first, but=but)

    def _tell(self, where: str, what: str, *, next_: str = _MEND) -> None:
        self._told.append(Problem(where=where, what=what, next=next_))
