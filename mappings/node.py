"""YAML with line numbers, read strictly: a tree of nodes that knows where everything stands.

Plain scalars follow YAML 1.2: `no` and `on` are text, and so is `007`: a number has no leading zeros.
Duplicate keys and merge keys are refused, and so are aliases that make a small file a huge tree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from mappings.nearest import nearest
from storage.errors import Misuse

Scalar = str | int | float | bool | None

_PLAIN: tuple[tuple[re.Pattern[str], type], ...] = (
    (re.compile(r"[-+]?(0|[1-9][0-9]*)"), int),
    (re.compile(r"[-+]?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|(0|[1-9][0-9]*)(?=[eE]))([eE][-+]?[0-9]+)?"), float),
)
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}
_GUIDES = "docs/plan.md and docs/mapping.md say what may stand here"
MIN_INTEGER, MAX_INTEGER = -(1 << 63), (1 << 63) - 1
"""The integers a column holds."""
_MAX_DEPTH = 50
_MAX_NODES = 100_000
_MAX_CHARACTERS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Node:
    """A scalar, a list or a mapping of nodes. `text` is a scalar as it was written."""

    file: str
    line: int
    value: Scalar | tuple[Node, ...] | tuple[tuple[Node, Node], ...] = None
    text: str = ""
    kind: str = "scalar"  # scalar | list | mapping

    def refused(self, what: str, *, next: str = "") -> Misuse:
        """The error about this node, to be raised."""
        return Misuse(what, where=f"{self.file}:{self.line}", next=next or _GUIDES)

    def scalar(self, what: str) -> Scalar:
        if self.kind != "scalar":
            raise self.refused(f"{what} is a {self.kind}, not one value")
        return self.value  # type: ignore[return-value]

    def string(self, what: str) -> str:
        """Non-empty text; a number or a boolean counts as the text that was written."""
        if self.scalar(what) in (None, ""):
            raise self.refused(f"{what} is missing or empty", next="write some text")
        return self.text

    def integer(self, what: str) -> int:
        value = self.scalar(what)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refused(f"{what} is not a whole number: {self.text!r}")
        if not MIN_INTEGER <= value <= MAX_INTEGER:
            raise self.refused(f"{what} is beyond 64 bits: {self.text}", next="write a smaller number")
        return value

    def boolean(self, what: str) -> bool:
        """true or false."""
        value = self.scalar(what)
        if not isinstance(value, bool):
            raise self.refused(f"{what} is neither true nor false: {self.text!r}")
        return value

    def items(self, what: str) -> tuple[Node, ...]:
        """The nodes of a list that is not empty."""
        if self.kind != "list" or not self.value:
            raise self.refused(f"{what} is not a list with something in it")
        return self.value  # type: ignore[return-value]

    def pairs(self, what: str) -> tuple[tuple[Node, Node], ...]:
        """The entries of a mapping, in the order written."""
        if self.kind != "mapping":
            raise self.refused(f"{what} is not a mapping (key: value)")
        return self.value  # type: ignore[return-value]

    def named(self, what: str) -> dict[str, Node]:
        """The entries of a mapping whose keys are names chosen by the writer."""
        return {key.string(f"a name in {what}"): value for key, value in self.pairs(what)}

    def fields(self, what: str, *, required: Iterable[str] = (), optional: Iterable[str] = ()) -> dict[str, Node]:
        """The entries of a mapping whose keys are fixed; an unknown or a missing one is refused."""
        known = (*required, *optional)
        for key, _ in self.pairs(what):
            if key.text not in known:
                raise key.refused(f"unknown key {key.text!r} in {what}", next=nearest(key.text, known))
        entries = {key.text: value for key, value in self.pairs(what)}
        for name in required:
            if name not in entries:
                raise self.refused(f"{what} has no {name!r}", next=f"add {name}: …")
        return entries

    def plain(self) -> object:
        """Plain dicts, lists and scalars, keys as text: what a JSON Schema validates."""
        if self.kind == "mapping":
            return {key.text: value.plain() for key, value in self.pairs("")}
        if self.kind == "list":
            return [item.plain() for item in self.value]  # type: ignore[union-attr]
        return self.value


def read_yaml(text: str, *, file: str) -> Node:
    """The document as a tree; Misuse with file:line on a syntax error, a duplicate key, and where it is too large."""
    if len(text) > _MAX_CHARACTERS:
        raise Misuse(f"the text has more than {_MAX_CHARACTERS} characters", where=file, next="write several")
    try:
        root = _Bounded(text, file).get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Misuse(
            f"not YAML: {error.problem}", where=f"{file}:{line}", next="check indentation and quotes"
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise Misuse(f"not YAML: {error}", where=file, next="check the file's encoding and nesting") from error
    if root is None:
        raise Misuse("the file is empty", where=f"{file}:1", next=_GUIDES)
    return _Builder(file=file).build(root)


class _Bounded(yaml.SafeLoader):
    """Stops at what is too deep or too much before the rest is read: reading is what takes long."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text)
        self._file = file
        self._count = self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._count += 1
        self._depth += 1
        _require_bounded(self._count, self._depth - 1, self._file, self.peek_event().start_mark.line + 1)  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


@dataclass(kw_only=True)
class _Builder:
    """Turns the parser's nodes into ours; counts them, because aliases can make a few lines a million."""

    file: str
    count: int = 0

    def build(self, node: yaml.Node, depth: int = 0) -> Node:
        line = node.start_mark.line + 1
        self.count += 1
        _require_bounded(self.count, depth, self.file, line)
        if isinstance(node, yaml.ScalarNode):
            return Node(file=self.file, line=line, value=self._scalar(node, line), text=node.value)
        if isinstance(node, yaml.SequenceNode):
            items = tuple(self.build(item, depth + 1) for item in node.value)
            return Node(file=self.file, line=line, kind="list", value=items)
        pairs = tuple((self.build(key, depth + 1), self.build(value, depth + 1)) for key, value in node.value)
        _refuse_duplicates(pairs)
        return Node(file=self.file, line=line, kind="mapping", value=pairs)

    def _scalar(self, node: yaml.ScalarNode, line: int) -> Scalar:
        try:
            node.value.encode()  # an escape may write half of a character
            return _scalar(node)
        except ValueError as error:
            what, advice = f"not a value: {node.value[:40]!r}", "correct it, or quote it to make it text"
            raise Misuse(what, where=f"{self.file}:{line}", next=advice) from error


def _require_bounded(count: int, depth: int, file: str, line: int) -> None:
    if depth > _MAX_DEPTH:
        raise Misuse("nested too deeply", where=f"{file}:{line}", next="write it out")
    if count > _MAX_NODES:
        what = f"more than {_MAX_NODES} keys and values, those of aliases counted"
        raise Misuse(what, where=f"{file}:{line}", next="write several")


def _refuse_duplicates(pairs: tuple[tuple[Node, Node], ...]) -> None:
    seen: dict[str, int] = {}
    for key, _ in pairs:
        key.scalar("a key")
        if key.text in seen:
            raise key.refused(f"{key.text!r} is written twice", next=f"the first is in line {seen[key.text]}")
        seen[key.text] = key.line


def _scalar(node: yaml.ScalarNode) -> Scalar:
    if node.style is not None:
        return str(node.value)
    if node.value.lower() in _WORDS and node.value in (node.value.lower(), node.value.upper(), node.value.title()):
        return _WORDS[node.value.lower()]
    for pattern, parse in _PLAIN:
        if pattern.fullmatch(node.value):
            value = parse(node.value)
            return str(node.value) if parse is float and math.isinf(value) else value
    return str(node.value)
