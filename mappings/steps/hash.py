"""hash: a keyed pseudonym, the same for the same value and tenant, different for another tenant."""

from __future__ import annotations

import hashlib
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

_DIGITS = 32


@dataclass(frozen=True, kw_only=True)
class Hash(Step):
    """The first 32 hexadecimal digits of SHA-256(key || value); with `keep_domain`, of an e-mail address, `@domain`."""

    name: ClassVar[str] = "hash"
    keep_domain: bool = False

    @classmethod
    def parse(cls, argument: Node, inputs: tuple[str, ...]) -> Self:
        keep = argument.fields("hash", optional=("keep",)).get("keep")
        chosen = keep.string("keep") if keep else "none"
        if chosen not in ("none", "domain"):
            raise argument.refused(f"hash cannot keep {chosen!r}", next=nearest(chosen, ("none", "domain")))
        return cls(line=argument.line, keep_domain=chosen == "domain")

    def compile(self, inputs: tuple[Operand, ...], scope: Scope) -> Operand:
        text = scope.bind(as_text(inputs[0], scope)).sql
        pseudonym = f"left(sha256({literal(_key(scope.tenant))} || {text}), {_DIGITS})"
        if self.keep_domain:
            domain = f"'@' || string_split({text}, '@')[-1]"
            pseudonym += f" || CASE WHEN contains({text}, '@') THEN {domain} ELSE '' END"
        return Operand(sql=pseudonym, type=plain(Kind.TEXT))

    def twin(self, values: tuple[Value, ...], stage: Stage, context: Context) -> Value:
        text = text_of(values[0], stage.inputs[0])
        if text is None:
            return None
        pseudonym = hashlib.sha256((_key(context.tenant) + text).encode()).hexdigest()[:_DIGITS]
        return f"{pseudonym}@{text.rpartition('@')[2]}" if self.keep_domain and "@" in text else pseudonym

    def inverse(self, inputs: tuple[Type, ...]) -> Inverse:
        return Inverse(step=None, why="a pseudonym is made so that nobody comes back from it")

    def describe(self) -> str:
        return "pseudonym, domain kept" if self.keep_domain else "pseudonym"


def _key(tenant: str) -> str:
    return hashlib.sha256(f"migrator:hash:{tenant}".encode()).hexdigest()
