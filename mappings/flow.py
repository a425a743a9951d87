"""Values of a mapping written on one line, as `mappings.node` reads them back."""

from __future__ import annotations

import json
import re

from mappings.node import Node, read_yaml
from storage.errors import Misuse

_PLAIN = re.compile(r"[A-Za-z_][\w.@%/-]*( [\w.@%/-]+)*", re.ASCII)
_WORDS = ("null", "true", "false")


def flow(node: Node) -> str:
    """The node on one line; anchors are written out."""
    if node.kind == "mapping":
        return f"{{{', '.join(f'{flow(key)}: {flow(value)}' for key, value in node.pairs(''))}}}"
    if node.kind == "list":
        return f"[{', '.join(map(flow, node.value))}]"  # type: ignore[arg-type]
    return flow_scalar(node.text) if isinstance(node.value, str) else node.text or "null"


def flow_scalar(text: str) -> str:
    """A text that is read as text, in quotes where it needs them."""
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def as_flow(written: str, *, what: str) -> str:
    """What somebody wrote for a value, on one line. Misuse where it is no YAML."""
    try:
        return flow(read_yaml(written, file=what))
    except Misuse:
        if any(mark in written for mark in "{}[]\"'"):
            raise
        return flow_scalar(written)
