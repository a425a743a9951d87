"""What the text steps share: whatever they get, they read as its canonical text."""

from __future__ import annotations

from mappings.conversions import Value, implicit
from mappings.kinds import plain
from mappings.scope import Scope
from mappings.steps.step import Operand
from storage.errors import Misuse
from storage.schema import Kind, Type

_TEXT = plain(Kind.TEXT)


def as_text(operand: Operand, scope: Scope) -> Operand:
    """The operand's canonical text; Misuse for bytes, whose text nobody has said how to read."""
    if operand.type.kind is Kind.BINARY:
        raise Misuse("bytes are not text", next="put `cast: text` before it if they are UTF-8")
    return scope.convert(operand, _TEXT)


def text_of(value: Value, type_: Type) -> str | None:
    """The twin of `as_text`."""
    conversion = implicit(type_, _TEXT)
    if value is None or conversion is None:
        return None
    text = conversion.twin(value, type_, _TEXT)
    return None if text is None else str(text)
