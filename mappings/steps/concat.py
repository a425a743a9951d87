"""concat: text with {column} holes; NULL if any hole is NULL. `{{` and `}}` are braces."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import ClassVar, Self

from mappings.conversions import Value
from mappings.kinds import plain
from mappings.nearest import nearest
from mappings.node import Node
from mappings.quote import literal
from mappings.scope import Scope
from mappings.steps.step import Context, Inverse, Operand, Stage, Step
from mappings.steps.text import as_text, text_of
from storage.schema import Kind, Type


@dataclass(frozen=True, kw_only=True)
class Concat(Step):
    """`pieces` are texts, and holes as the number of the input that fills them."""

    name: ClassVar[str] = "concat"
    many: ClassVar[bool] = True
    pieces: tuple[str | int, ...]

    @classmethod
    def parse(cls, argument: Node, inputs: tuple[str, ...]) -> Self:
        pieces: list[str | int] = []
        for item in argument.items("concat"):
            item.scalar("a piece of concat")
            pieces += _pieces(item, inputs)
        return cls(line=argument.line, pieces=tuple(pieces))

    def compile(self, inputs: tuple[Operand, ...], scope: Scope) -> Operand:
        texts = [as_text(operand, scope) for operand in inputs]
        parts = [literal(piece) if isinstance(piece, str) else texts[piece].sql for piece in self.pieces]
        return Operand(sql=" || ".join(parts), type=plain(Kind.TEXT))

    def twin(self, values: tuple[Value, ...], stage: Stage, context: Context) -> Value:
        texts = [text_of(value, type_) for value, type_ in zip(values, stage.inputs, strict=True)]
        parts = [piece if isinstance(piece, str) else texts[piece] for piece in self.pieces]
        return None if None in parts else "".join(part for part in parts if part is not None)

    def inverse(self, inputs: tuple[Type, ...]) -> Inverse:
        return Inverse(step=None, why="where one value ends and the next begins is not in the text")


def _pieces(item: Node, inputs: tuple[str, ...]) -> list[str | int]:
    try:
        parsed = list(string.Formatter().parse(item.text))
    except ValueError as error:
        raise item.refused(f"braces do not match in {item.text!r}", next="write {{ and }} for braces") from error
    pieces: list[str | int] = []
    for text, hole, form, conversion in parsed:
        if text:
            pieces.append(text)
        if hole is None:
            continue
        if hole not in inputs or form or conversion:
            raise item.refused(f"hole {{{hole}}} is not a column of `from`", next=nearest(hole, inputs))
        pieces.append(inputs.index(hole))
    return pieces or [""]
