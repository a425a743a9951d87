"""join: several values as one text with something between them; NULLs are skipped, all NULL is NULL."""

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


@dataclass(frozen=True, kw_only=True)
class Join(Step):
    name: ClassVar[str] = "join"
    many: ClassVar[bool] = True
    between: str

    @classmethod
    def parse(cls, argument: Node, inputs: tuple[str, ...]) -> Self:
        if argument.scalar("what join puts between") is None:
            raise argument.refused("join has nothing to put between", next='write join: "" for nothing at all')
        return cls(line=argument.line, between=argument.text)

    def compile(self, inputs: tuple[Operand, ...], scope: Scope) -> Operand:
        texts = [scope.bind(as_text(operand, scope)).sql for operand in inputs]
        joined = f"concat_ws({literal(self.between)}, {', '.join(texts)})"
        return Operand(
            sql=f"CASE WHEN coalesce({', '.join(texts)}) IS NOT NULL THEN {joined} END", type=plain(Kind.TEXT)
        )

    def twin(self, values: tuple[Value, ...], stage: Stage, context: Context) -> Value:
        texts = [text_of(value, type_) for value, type_ in zip(values, stage.inputs, strict=True)]
        present = [text for text in texts if text is not None]
        return self.between.join(present) if present else None

    def inverse(self, inputs: tuple[Type, ...]) -> Inverse:
        return Inverse(step=None, why="where one value ends and the next begins is not in the text")

    def describe(self) -> str:
        return f"joined with {self.between!r}"
