"""YAML that knows its lines: every node says file:line, and refuses what was not asked for with the nearest name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

import yaml

from storage.errors import Misuse

Scalar = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class Node:
    """One value of a YAML document with its place; `value` is a dict of nodes, a list of nodes, or a scalar."""

    file: str
    line: int
    path: str  # tables.accounts.edges.0 …, for a person
    value: dict[str, Node] | list[Node] | Scalar

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"

    def refuse(self, what: str, next: str) -> NoReturn:
        raise Misuse(what, where=self.where, next=next)

    def mapping(self, *, allowed: Iterable[str] | None = None, required: Iterable[str] = ()) -> dict[str, Node]:
        """The node's entries; with `allowed`, another key is refused with the nearest name."""
        if not isinstance(self.value, dict):
            self.refuse(
                f"{self.path or 'the document'} must be a mapping of keys to values", "write `key: value` lines"
            )
        if allowed is not None:
            names = tuple(allowed)
            for key, node in self.value.items():
                if key not in names:
                    node.refuse(f"unknown key {key!r}{nearest(key, names)}", f"keys known here: {', '.join(names)}")
        for name in required:
            if name not in self.value:
                self.refuse(f"{self.path or 'the document'} lacks {name!r}", f"add `{name}: …`")
        return self.value

    def sequence(self) -> list[Node]:
        if not isinstance(self.value, list):
            self.refuse(f"{self.path} must be a list", "write `- item` lines, or [a, b]")
        return self.value

    def scalar(self) -> Scalar:
        if isinstance(self.value, dict | list):
            self.refuse(f"{self.path} must be a single value", "write one value behind the colon")
        return self.value

    def text(self) -> str:
        if not isinstance(self.value, str):
            self.refuse(f"{self.path} must be text", "put it in quotes if it looks like a number or a date")
        return self.value

    def integer(self) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self.refuse(f"{self.path} must be a whole number", "write it without quotes")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """A list of texts; a single text stands for a list of one."""
        if isinstance(self.value, str):
            return (self.value,)
        return tuple(node.text() for node in self.sequence())

    def choice(self, choices: Iterable[str]) -> str:
        names = tuple(choices)
        chosen = self.text()
        if chosen not in names:
            self.refuse(f"{self.path} cannot be {chosen!r}{nearest(chosen, names)}", f"write one of {', '.join(names)}")
        return chosen


def parse(text: str, *, file: str) -> Node:
    """The document as nodes. Misuse on a syntax error, a duplicate key, an alias loop or a key that is not text."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise Misuse(
            f"not valid YAML: {error.problem}",
            where=f"{file}:{line}",
            next="mend the indentation or quotes at this line",
        ) from error
    except yaml.YAMLError as error:
        raise Misuse(f"not valid YAML: {error}", where=file, next="save the file as UTF-8 text") from error
    if root is None:
        raise Misuse("the file is empty", where=f"{file}:1", next="start from one of the samples")
    return _node(root, file=file, path="", above=())


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or nothing where no known name is near."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean {found[0]!r}?)" if found else ""


_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_PLAIN_TAGS = ("str", "int", "float", "bool", "null")


def _node(node: yaml.Node, *, file: str, path: str, above: tuple[yaml.Node, ...]) -> Node:
    line = node.start_mark.line + 1
    if node in above:
        raise Misuse("an alias contains itself", where=f"{file}:{line}", next="write the part out")
    inside = (*above, node)
    value: dict[str, Node] | list[Node] | Scalar
    if isinstance(node, yaml.MappingNode):
        value = _entries(node, file=file, path=path, above=inside)
    elif isinstance(node, yaml.SequenceNode):
        value = [_node(item, file=file, path=f"{path}.{i}", above=inside) for i, item in enumerate(node.value)]
    else:
        value = _scalar(node)
    return Node(file=file, line=line, path=path, value=value)


def _entries(node: yaml.MappingNode, *, file: str, path: str, above: tuple[yaml.Node, ...]) -> dict[str, Node]:
    entries: dict[str, Node] = {}
    for key_node, value_node in node.value:
        where = f"{file}:{key_node.start_mark.line + 1}"
        key = _scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
        if not key:
            raise Misuse("a key must be text", where=where, next="write `key: value`")
        if key in entries:
            raise Misuse(f"{key!r} stands here twice", where=where, next="keep one of the two")
        child = _node(value_node, file=file, path=f"{path}.{key}" if path else key, above=above)
        # a block value begins on the line below its key; people look for the key
        entries[key] = Node(file=file, line=key_node.start_mark.line + 1, path=child.path, value=child.value)
    return entries


def _scalar(node: yaml.Node) -> Scalar:
    tag = node.tag.rpartition(":")[2]
    if tag not in _PLAIN_TAGS:  # dates and the like stay what the person wrote
        return str(node.value)
    found = _CONSTRUCTOR.construct_object(node)  # type: ignore[no-untyped-call]
    return found if isinstance(found, str | int | float | bool) else None
