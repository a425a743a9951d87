"""Where the expressions of one edge are compiled: the rows they read, what they join, and what may not fit.

Every step adds a layer, `(SELECT *, <expression> AS "migrator 3" FROM …)`, so that the SQL grows with the number of
steps and never with their nesting, and so that no expression sees a row that is not mapped. Columns do not build on
each other: the layers of all of them stand side by side, so that a wide table is no deeper than a narrow one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import reduce
from itertools import zip_longest

from mappings.conversions import implicit
from mappings.quote import identifier, literal
from mappings.steps.step import Operand, Stage
from storage.errors import Misuse
from storage.schema import Table, Type

ROW = identifier("migrator row")
"""A number that tells the rows of a source table apart within one reading of the workbench."""


class Severity(StrEnum):
    RED = "red"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Rows of an edge with a value that does not fit: the condition they satisfy, and the text to show of each."""

    relation: str
    failed: str
    shown: str
    what: str
    next: str
    severity: Severity = Severity.RED


@dataclass(frozen=True, kw_only=True)
class Audit:
    """A question about another table, asked once: `sql` returns the offending `shown` texts, one a row."""

    sql: str
    what: str
    next: str


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One more column over a relation, and what is joined to it for that."""

    name: str
    sql: str
    join: str


@dataclass(kw_only=True)
class Scope:
    """Collects while one column after another is compiled. `strict`: what does not fit is an SQL error, not NULL."""

    source: Table
    base: str  # the edge's mapped rows: every source column, and ROW
    stage: Stage
    tenant: str
    strict: bool
    findings: list[Finding] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)
    place: str = ""  # table.column being compiled
    _columns: list[list[Layer]] = field(default_factory=lambda: [[]])  # the last is the one being compiled
    _failures: list[str] = field(default_factory=list)
    _count: int = 0

    @property
    def relation(self) -> str:
        """The mapped rows with the values of every column compiled so far."""
        relation = self.base
        for level in zip_longest(*self._columns):
            layers = [layer for layer in level if layer]
            beside = [layer for layer in layers if not layer.join]
            relation = _over(relation, beside) if beside else relation
            relation = reduce(_over, ([layer] for layer in layers if layer.join), relation)
        return relation

    @property
    def _own(self) -> str:
        """The same with the column being compiled only."""
        return reduce(_over, ([layer] for layer in self._columns[-1]), self.base)

    @property
    def row_shown(self) -> str:
        """What tells a person which row it is: its key, or its number."""
        key = self.source.primary_key
        texts = ", ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in key)
        return f"concat_ws(', ', {texts})" if key else f"'row ' || CAST({ROW} + 1 AS VARCHAR)"

    def begin(self, place: str) -> None:
        """Start another column."""
        self.place = place
        self._columns.append([])
        self._failures = []

    def bind(self, operand: Operand) -> Operand:
        """The operand under a short name, so that it may be written more than once."""
        return self._layer(operand, join="")

    def join(self, table_sql: str, on: str, value: str, type_: Type) -> Operand:
        """`value` of the row of `table_sql` (as `joined`) for which `on` holds; NULL where there is none.

        The caller guarantees at most one such row.
        """
        return self._layer(Operand(sql=value, type=type_), join=f" LEFT JOIN ({table_sql}) AS joined ON {on}")

    def own_rows(self, value: str) -> str:
        """ROW and `value`, as a table: for a step that has to look at all rows at once."""
        return f"SELECT {ROW}, {value} AS value FROM {self._own} AS own"

    def checked(
        self, operand: Operand, *, failed: str, shown: str, what: str, next: str, severity: Severity = Severity.RED
    ) -> Operand:
        """The operand, with a finding for the rows where `failed` holds; `operand` and `failed` name bound values."""
        if severity is Severity.NOTE or not self.strict:
            earlier = "".join(f" AND NOT ({failure})" for failure in self._failures)
            condition = f"coalesce({failed}, FALSE)"
            finding = Finding(
                relation=self._own, failed=condition + earlier, shown=shown, what=what, next=next, severity=severity
            )
            self.findings.append(finding)
            if severity is Severity.RED:
                self._failures.append(condition)
            return operand
        message = literal(f"{self.place}: {what}. {next}")
        return self.bind(
            Operand(sql=f"CASE WHEN {failed} THEN error({message}) ELSE {operand.sql} END", type=operand.type)
        )

    def convert(self, operand: Operand, target: Type) -> Operand:
        """The operand as `target`, where that is possible without a `cast` step; what does not fit is a finding."""
        if operand.type == target:
            return operand
        conversion = implicit(operand.type, target)
        if conversion is None:
            raise Misuse(f"{operand.type} never fits {target}", next="add a step (cast, lookup, sql) that converts it")
        before = self.bind(operand)
        after = self.bind(Operand(sql=conversion.sql(before.sql, before.type, target), type=target))
        if conversion.total:
            return after
        return self.checked(
            after,
            failed=f"{before.sql} IS NOT NULL AND {after.sql} IS NULL",
            shown=shown(before),
            what=f"value does not fit {target}",
            next="correct it with a step, or leave its row out with where or reject",
        )

    def _layer(self, operand: Operand, *, join: str) -> Operand:
        self._count += 1
        name = identifier(f"migrator {self._count}")
        self._columns[-1].append(Layer(name=name, sql=operand.sql, join=join))
        return Operand(sql=name, type=operand.type)


def shown(operand: Operand) -> str:
    """The text of a value for a person: not canonical, short."""
    return f"CAST({operand.sql} AS VARCHAR)"


def _over(relation: str, layers: list[Layer]) -> str:
    """Layers that do not see each other; one that joins something stands alone."""
    added = ", ".join(f"{layer.sql} AS {layer.name}" for layer in layers)
    return f"(SELECT layered.*, {added} FROM {relation} AS layered{layers[0].join})"
