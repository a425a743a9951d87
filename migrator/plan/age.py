"""How long something may lie, as a plan says it: days or hours."""

from __future__ import annotations

import re
from datetime import timedelta

from mappings.node import Node

_AGE = re.compile(r"([1-9][0-9]{0,3})([dh])")


def age(node: Node, name: str) -> timedelta:
    """`7d` or `36h`; Misuse with file:line where it is no age."""
    written = _AGE.fullmatch(node.text)
    if node.kind != "scalar" or written is None:
        raise node.refused(f"{name} is no age: {node.text!r}", next="write days or hours: 7d, or 36h")
    number = int(written[1])
    return timedelta(days=number) if written[2] == "d" else timedelta(hours=number)
