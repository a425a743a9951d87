"""const: the same value in every row. Written `{const: value}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from mappings.conversions import Value
from mappings.kinds import plain
from mappings.node import MAX_INTEGER, MIN_INTEGER, Node, Scalar
from mappings.quote import literal
from mappings.scope import Scope
from mappings.steps.step import Context, Inverse, Operand, Stage, Step
from storage.schema import Kind, Type


@dataclass(frozen=True, kw_only=True)
class Const(Step):
    name: ClassVar[str] = "const"
    many: ClassVar[bool] = True
    value: Scalar

    @classmethod
    def parse(cls, argument: Node, inputs: tuple[str, ...]) -> Self:
        return cls(line=argument.line, value=constant(argument, "const"))

    def compile(self, inputs: tuple[Operand, ...], scope: Scope) -> Operand:
        return Operand(sql=literal(self.value), type=type_of(self.value))

    def twin(self, values: tuple[Value, ...], stage: Stage, context: Context) -> Value:
        return self.value

    def inverse(self, inputs: tuple[Type, ...]) -> Inverse:
        return Inverse(step=None, why="a constant holds nothing of the row")

    def describe(self) -> str:
        return f"always {self.value!r}"


def constant(argument: Node, what: str) -> Scalar:
    """A scalar a column can hold: integers within 64 bits."""
    value = argument.scalar(what)
    if isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER:
        raise argument.refused(f"{what} is beyond 64 bits: {value}", next="quote it to make it text")
    return value


def type_of(value: Scalar) -> Type:
    """The type of a constant; NULL counts as text, which NULL fits anywhere."""
    if isinstance(value, bool):
        return plain(Kind.BOOLEAN)
    if isinstance(value, int):
        return plain(Kind.INTEGER)
    return plain(Kind.FLOAT) if isinstance(value, float) else plain(Kind.TEXT)
