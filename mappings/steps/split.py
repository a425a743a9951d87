"""split: one part of a text; parts count from 1, negative ones from the end; NULL where there is no such part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from mappings.conversions import Value
from mappings.kinds import plain
from mappings.node import Node
from mappings.quote import literal
from mappings.scope import Scope
from mappings.steps.step import Context, Inverse, Operand, Stage, Step
from mappings.steps.text import as_text, text_of
from storage.schema import Kind, Type

_TEXT = plain(Kind.TEXT)


@dataclass(frozen=True, kw_only=True)
class Split(Step):
    name: ClassVar[str] = "split"
    by: str
    part: int

    @classmethod
    def parse(cls, argument: Node, inputs: tuple[str, ...]) -> Self:
        fields = argument.fields("split", required=("by", "part"))
        part = fields["part"].integer("part")
        if part == 0:
            raise fields["part"].refused("there is no part 0", next="count from 1, or from -1 at the end")
        return cls(line=argument.line, by=fields["by"].string("by"), part=part)

    def compile(self, inputs: tuple[Operand, ...], scope: Scope) -> Operand:
        text = as_text(inputs[0], scope)
        return Operand(sql=f"string_split({text.sql}, {literal(self.by)})[{self.part}]", type=_TEXT)

    def twin(self, values: tuple[Value, ...], stage: Stage, context: Context) -> Value:
        text = text_of(values[0], stage.inputs[0])
        if text is None:
            return None
        parts = text.split(self.by)
        index = self.part - 1 if self.part > 0 else len(parts) + self.part
        return parts[index] if 0 <= index < len(parts) else None

    def inverse(self, inputs: tuple[Type, ...]) -> Inverse:
        return Inverse(step=None, why="the other parts are not in it")

    def describe(self) -> str:
        return f"part {self.part} between {self.by!r}"
