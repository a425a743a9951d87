"""remap: the new key of the row an old key points at, from the crosswalk of its table; an orphan is red."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from mappings.conversions import Value, implicit
from mappings.node import Node
from mappings.quote import identifier
from mappings.scope import Scope, shown
from mappings.steps.step import Context, Inverse, Operand, Stage, Step
from storage.errors import Misuse
from storage.schema import Type


@dataclass(frozen=True, kw_only=True)
class Remap(Step):
    name: ClassVar[str] = "remap"
    table: str

    @classmethod
    def parse(cls, argument: Node, inputs: tuple[str, ...]) -> Self:
        return cls(line=argument.line, table=argument.string("the table of remap"))

    def compile(self, inputs: tuple[Operand, ...], scope: Scope) -> Operand:
        if self.table not in scope.stage.crosswalks:
            raise Misuse(f"{self.table!r} has no crosswalk", next=f"add it under keys: {self.table}: {{method: uuid5}}")
        keys = scope.stage.crosswalks[self.table]
        old = scope.bind(scope.convert(inputs[0], keys.old))
        new = scope.join(
            f"SELECT old, new FROM xw.{identifier(self.table)}", f"joined.old = {old.sql}", "joined.new", keys.new
        )
        return scope.checked(
            new,
            failed=f"{old.sql} IS NOT NULL AND {new.sql} IS NULL",
            shown=shown(old),
            what=f"orphan: it points at a row of {self.table} that is not carried",
            next=f"carry that row of {self.table}, or leave this one out with where or reject",
        )

    def twin(self, values: tuple[Value, ...], stage: Stage, context: Context) -> Value:
        old_type = stage.crosswalks[self.table].old
        conversion = implicit(stage.inputs[0], old_type)
        if values[0] is None or conversion is None:
            return None
        return context.crosswalk(self.table, conversion.twin(values[0], stage.inputs[0], old_type))

    def inverse(self, inputs: tuple[Type, ...]) -> Inverse:
        return Inverse(step=Remap(table=self.table), why="over the crosswalk turned around")

    def tables(self) -> tuple[str, ...]:
        return (self.table,)

    def describe(self) -> str:
        return f"new key of {self.table}"
