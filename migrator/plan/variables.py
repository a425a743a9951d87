"""`${NAME}` and `${NAME:-default}` in a plan: expanded where addresses and values stand, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mappings.node import Node
from migrator.plan.nouns import Scalar
from storage.address import below
from storage.errors import Misuse

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class Unset(Misuse):
    """A variable that is not set here; where another reads the plan, it may be."""


_NAMED = re.compile(r"\$\{(\w+)\}((?:/[\w.-]+)*)")


@dataclass(frozen=True, kw_only=True)
class Variables:
    """What the environment of the reader says.

    `is_confined` where addresses may be those of `known` only: whoever writes the plan is not whoever runs it.
    """

    known: Mapping[str, str]
    is_confined: bool = False

    def address(self, node: Node, what: str, *, may_lead_below: bool = False) -> str:
        """The node's address. Misuse where it is confined, and neither one of those known nor, for what is a place for
        files, below one."""
        if not self.is_confined:
            return self.expanded(node, what)
        found = self.named(node.string(what), may_lead_below=may_lead_below)
        if found is None:
            raise node.refused(f"{what} is not the address of a platform that this tenant has", next=self.said_names)
        return found

    def named(self, text: str, *, may_lead_below: bool = False) -> str | None:
        """The address that `${NAME}`, or for a place for files `${NAME}/below`, leads to; None where it is none of
        those known."""
        named = _NAMED.fullmatch(text)
        path = named[2].removeprefix("/") if named else ""
        if named is None or named[1] not in self.known or (path and not may_lead_below) or ".." in path.split("/"):
            return None
        return below(self.known[named[1]], path) if path else self.known[named[1]]

    @property
    def said_names(self) -> str:
        """What could stand there."""
        names = ", ".join(f"${{{name}}}" for name in sorted(self.known)) or "none yet"
        return f"write one of its platforms, which an admin registers: {names}"

    def expanded(self, node: Node, what: str) -> str:
        """The node's text, `what` being its name; Misuse with file:line where a variable is not set.

        Confined, there is nothing to expand: an address is a secret, and whatever else stands in a plan is shown.
        """
        if self.is_confined and _VARIABLE.search(text := node.string(what)):
            raise node.refused(
                f"{what} is no address, and only addresses name platforms: {text}", next="write the value itself"
            )

        def value(match: re.Match[str]) -> str:
            found = self.known.get(match[1], match[2])
            if found is None:
                raise Unset(
                    f"the variable {match[1]} is not set",
                    where=f"{node.file}:{node.line}",
                    next=f"export {match[1]}=…, or write ${{{match[1]}:-default}}",
                )
            return found

        return _VARIABLE.sub(value, node.string(what))

    def value(self, node: Node, what: str) -> Scalar:
        """The node's value, expanded where it is a text."""
        scalar = node.scalar(what)
        return self.expanded(node, what) if isinstance(scalar, str) else scalar
