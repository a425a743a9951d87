"""The file of masking rules: which column is replaced, and by what. docs/masking.md describes every key."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from mappings.nearest import nearest
from mappings.node import Node, Scalar, read_yaml
from storage.errors import Misuse

CODE, DATE, EMAIL, IBAN, NAME, PHONE, REMOVED = "code", "date", "email", "iban", "name", "phone", "removed"
NULL, CONST = "null", "const"
METHODS = (CODE, DATE, EMAIL, IBAN, NAME, NULL, PHONE, REMOVED)
"""Those that are one word; `{const: value}` is the other."""


@dataclass(frozen=True, kw_only=True)
class MaskRule:
    """What replaces the values of one column; `value` is that of CONST, as it was written."""

    label: str  # table.column
    method: str
    value: Scalar = field(default=None, repr=False)
    at: str

    def is_like(self, other: MaskRule) -> bool:
        """Whether both make the same of a value."""
        return (self.method, self.value) == (other.method, other.value)


@dataclass(frozen=True, kw_only=True)
class MaskRules:
    """A file of rules as read. `kept` are columns (or `table.*`) that stay as they are, and somebody said so."""

    rules: tuple[MaskRule, ...]
    kept: dict[str, str]  # label → file:line
    strict: bool  # whether a column of text that nobody named is refused
    text: str = field(repr=False)
    file: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def load_mask_rules(path: Path) -> MaskRules:
    """Read a file of rules. Misuse with file:line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Misuse(
            f"cannot read the masking rules: {error.strerror}", where=str(path), next="check --mask"
        ) from error
    except UnicodeDecodeError as error:
        raise Misuse("the masking rules are not UTF-8", where=str(path), next="save them as UTF-8 text") from error
    return read_mask_rules(text, file=str(path))


def read_mask_rules(text: str, *, file: str) -> MaskRules:
    """The rules a text holds; see `load_mask_rules`."""
    entries = read_yaml(text, file=file).fields("the masking rules", required=("columns",), optional=("keep", "strict"))
    rules = tuple(_rule(label, node) for label, node in entries["columns"].named("columns").items())
    if not rules:
        raise entries["columns"].refused("no column has a rule", next="write `table.column: method`")
    return MaskRules(
        rules=rules,
        kept=_kept(entries["keep"], {rule.label: rule.at for rule in rules}) if "keep" in entries else {},
        strict=entries["strict"].boolean("strict") if "strict" in entries else False,
        text=text,
        file=file,
    )


def _rule(label: str, node: Node) -> MaskRule:
    if node.kind == "mapping":
        value = node.fields(label, required=(CONST,))[CONST]
        if value.scalar(CONST) is None:
            raise value.refused("const has no value", next="write `null` alone to make every value NULL")
        return MaskRule(label=label, method=CONST, value=value.scalar(CONST), at=_at(node))
    method = NULL if node.scalar(label) is None else node.text  # `null` reads the same with and without quotes
    if method not in METHODS:
        raise node.refused(
            f"{label} cannot be masked as {method!r}", next=nearest(method, (*METHODS, "{const: value}"))
        )
    return MaskRule(label=label, method=method, at=_at(node))


def _kept(node: Node, ruled: dict[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for item in node.items("keep"):
        label = item.string("a column in keep")
        if label in ruled:
            raise item.refused(
                f"{label} is kept and masked", next=f"keep one of the two; its rule is at {ruled[label]}"
            )
        kept[label] = _at(item)
    return kept


def _at(node: Node) -> str:
    return f"{node.file}:{node.line}"
