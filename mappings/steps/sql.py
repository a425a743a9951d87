"""sql: one scalar expression over the source table's columns; the escape hatch. Written `{sql: "expression"}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from mappings.conversions import Value
from mappings.kinds import duckdb_type
from mappings.node import Node
from mappings.sandbox import held_expression, natural_type
from mappings.scope import Scope
from mappings.steps.step import Context, Inverse, Operand, Stage, Step
from storage.errors import Misuse
from storage.schema import Type


@dataclass(frozen=True, kw_only=True)
class Sql(Step):
    name: ClassVar[str] = "sql"
    many: ClassVar[bool] = True
    expression: str

    @classmethod
    def parse(cls, argument: Node, inputs: tuple[str, ...]) -> Self:
        return cls(line=argument.line, expression=argument.string("the sql expression"))

    def compile(self, inputs: tuple[Operand, ...], scope: Scope) -> Operand:
        expression = held_expression(self.expression, scope.source)
        type_ = natural_type(self.expression, scope.source)
        wrapped = f"CAST(({expression}\n) AS {duckdb_type(type_)})"
        if scope.strict:
            return Operand(sql=wrapped, type=type_)
        # a list of one tells an expression that failed (NULL) from one whose result is NULL ([NULL])
        tried = scope.bind(Operand(sql=f"TRY([{wrapped}])", type=type_))
        return scope.checked(
            scope.bind(Operand(sql=f"{tried.sql}[1]", type=type_)),
            failed=f"{tried.sql} IS NULL",
            shown=scope.row_shown,
            what="the expression fails",
            next="make it total: try_cast, nullif, case",
        )

    def twin(self, values: tuple[Value, ...], stage: Stage, context: Context) -> Value:
        raise Misuse("a sql expression has no Python twin", next="ask `CompiledColumn.has_twin` first")

    def inverse(self, inputs: tuple[Type, ...]) -> Inverse:
        return Inverse(step=None, why="nothing is known about an expression")

    def describe(self) -> str:
        return f"sql: {self.expression}"
