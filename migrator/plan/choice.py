"""One word of a few."""

from __future__ import annotations

from mappings.nearest import nearest
from mappings.node import Node


def choice(node: Node, what: str, choices: tuple[str, ...]) -> str:
    """The node's text; Misuse with file:line, and the nearest choice, where it is none of these."""
    chosen = node.string(what)
    if chosen not in choices:
        raise node.refused(f"{what} cannot be {chosen!r}", next=nearest(chosen, choices))
    return chosen
