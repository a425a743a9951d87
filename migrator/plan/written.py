"""What several parts of a plan are written in: names, lists of them, policies, and where each stands."""

from __future__ import annotations

from mappings.node import Node
from migrator.plan.choice import choice

FOREIGN_POLICIES = ("carry", "stub", "null")
KEY = "key"
"""What becomes of rows of other people, in a person's export: the reference stays as it is, and no row comes along."""


def at(node: Node) -> str:
    """file:line."""
    return f"{node.file}:{node.line}"


def policy(node: Node, *more: str) -> str:
    """One of FOREIGN_POLICIES, or of `more`; `null` reads the same with and without quotes."""
    return "null" if node.scalar("foreign") is None else choice(node, "foreign", (*FOREIGN_POLICIES, *more))


def texts(node: Node, what: str) -> tuple[str, ...]:
    """A list of texts; a single text stands for a list of one."""
    if node.kind == "scalar":
        return (node.string(what),)
    return tuple(item.string(what) for item in node.items(what))


def named(entries: dict[str, Node], name: str, where: str = "scope") -> dict[str, Node]:
    """The entries of an optional mapping; `name: {}` and `name:` say the same as leaving it out."""
    node = entries.get(name)
    return {} if node is None or node.value is None else node.named(f"{where}.{name}")
