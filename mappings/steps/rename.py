"""rename: the value as it is, under another name. Written `target: source`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from mappings.conversions import Value
from mappings.node import Node
from mappings.scope import Scope
from mappings.steps.step import Context, Inverse, Operand, Stage, Step
from storage.schema import Type


@dataclass(frozen=True, kw_only=True)
class Rename(Step):
    """The only step of a chain that has none."""

    name: ClassVar[str] = "rename"

    @classmethod
    def parse(cls, argument: Node, inputs: tuple[str, ...]) -> Self:
        raise argument.refused("rename is not written as a step", next="write `target_column: source_column`")

    def compile(self, inputs: tuple[Operand, ...], scope: Scope) -> Operand:
        return inputs[0]

    def twin(self, values: tuple[Value, ...], stage: Stage, context: Context) -> Value:
        return values[0]

    def inverse(self, inputs: tuple[Type, ...]) -> Inverse:
        return Inverse(step=Rename())
