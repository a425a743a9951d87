"""`${NAME}` and `${NAME:-default}` in a plan: expanded where addresses and values stand, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mappings.node import Node
from migrator.plan.nouns import Scalar

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


@dataclass(frozen=True, kw_only=True)
class Variables:
    """What the environment of the reader says."""

    known: Mapping[str, str]

    def expanded(self, node: Node, what: str) -> str:
        """The node's text, `what` being its name; Misuse with file:line where a variable is not set."""

        def value(match: re.Match[str]) -> str:
            found = self.known.get(match[1], match[2])
            if found is None:
                raise node.refused(
                    f"the variable {match[1]} is not set",
                    next=f"export {match[1]}=…, or write ${{{match[1]}:-default}}",
                )
            return found

        return _VARIABLE.sub(value, node.string(what))

    def value(self, node: Node, what: str) -> Scalar:
        """The node's value, expanded where it is a text."""
        scalar = node.scalar(what)
        return self.expanded(node, what) if isinstance(scalar, str) else scalar
