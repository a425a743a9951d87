"""cast: another type for the same value; what the new type cannot hold does not fit, nothing is rounded or cut."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from mappings.conversions import Value, rule
from mappings.kinds import MAX_PRECISION
from mappings.nearest import nearest
from mappings.node import Node
from mappings.scope import Scope, shown
from mappings.steps.step import Context, Inverse, Operand, Stage, Step
from storage.errors import Misuse
from storage.schema import Kind, Type

_DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")


@dataclass(frozen=True, kw_only=True)
class Cast(Step):
    name: ClassVar[str] = "cast"
    to: Type

    @classmethod
    def parse(cls, argument: Node, inputs: tuple[str, ...]) -> Self:
        return cls(line=argument.line, to=_type(argument))

    def compile(self, inputs: tuple[Operand, ...], scope: Scope) -> Operand:
        conversion = rule(inputs[0].type, self.to)
        if conversion is None:
            raise Misuse(f"{inputs[0].type} cannot be cast to {self.to}", next="use a lookup or a sql expression")
        before = scope.bind(inputs[0])
        after = scope.bind(Operand(sql=conversion.sql(before.sql, before.type, self.to), type=self.to))
        if conversion.total:
            return after
        return scope.checked(
            after,
            failed=f"{before.sql} IS NOT NULL AND {after.sql} IS NULL",
            shown=shown(before),
            what=f"value cannot be cast to {self.to}",
            next="correct it before the cast, or leave its row out with where or reject",
        )

    def twin(self, values: tuple[Value, ...], stage: Stage, context: Context) -> Value:
        conversion = rule(stage.inputs[0], self.to)
        return None if values[0] is None or conversion is None else conversion.twin(values[0], stage.inputs[0], self.to)

    def inverse(self, inputs: tuple[Type, ...]) -> Inverse:
        if rule(self.to, inputs[0]) is None:
            return Inverse(step=None, why=f"{self.to} does not become {inputs[0]} again")
        why = "only texts in canonical form come back as they were ('007' becomes 7)"
        return Inverse(step=Cast(to=inputs[0]), why=why if inputs[0].kind is Kind.TEXT else "")

    def describe(self) -> str:
        return f"cast to {self.to}"


def _type(argument: Node) -> Type:
    name = argument.string("the kind to cast to")
    decimal = _DECIMAL.fullmatch(name)
    if decimal:
        precision, scale = int(decimal[1]), int(decimal[2])
        if not 1 <= precision <= MAX_PRECISION or scale > precision:
            raise argument.refused(f"{name}: precision is 1 to {MAX_PRECISION}, scale at most the precision")
        return Type(kind=Kind.DECIMAL, precision=precision, scale=scale)
    kinds = [kind.value for kind in Kind if kind is not Kind.DECIMAL]
    if name not in kinds:
        raise argument.refused(f"unknown kind {name!r}", next=nearest(name, [*kinds, "decimal(p,s)"]))
    return Type(kind=Kind(name))
