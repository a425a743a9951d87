"""The first text of a plan, from what somebody says in a form: to be read, completed and kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_PLAIN = re.compile(r"[^\W\d][\w.-]*|-?(0|[1-9][0-9]*)")
_NO_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, kw_only=True)
class FirstWords:
    """What a form asks. Platforms by their names, "" for none; the tenant is the rows of `table` (of every table that
    has such a column, where no table is named) whose `column` has `value`."""

    plan: str
    tenant: str
    source: str
    store: str
    mapping: str = ""
    target: str = ""
    table: str = ""
    column: str = ""
    value: str = ""

    @property
    def text(self) -> str:
        """As a person would have written it."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"plan: {said(self.plan)}"
        yield f"tenant: {said(self.tenant)}"
        yield "source:"
        yield f"  url: ${{{self.source}}}"
        yield "  scope:"
        yield f"    root: {self._root()}"
        yield "    # shared: [countries]                      tables of everybody whose rows are needed beside"
        yield '    # excluded: {audit_log: "why it stays"}     tables that stay behind, each with its reason'
        yield f"store: ${{{self.store}}}"
        yield from (f"{name}: {value}" for name, value in self._rest())

    def _root(self) -> str:
        if self.table:
            return f"{{table: {said(self.table)}, where: {{{said(self.column)}: {said(self.value)}}}}}"
        if self.column:
            return f"{{column: {said(self.column)}, value: {said(self.value)}}}"
        return "database  # everything in it is the tenant's"

    def _rest(self) -> Iterator[tuple[str, str]]:
        if self.mapping:
            yield "mapping", said(self.mapping)
        if self.target:
            yield "target", f"\n  url: ${{{self.target}}}"


def said(value: str) -> str:
    """As YAML reads it back; plain where nobody could take it for anything else, and a number as the number."""
    if _PLAIN.fullmatch(value) and value.lower() not in _NO_TEXT:
        return value
    return json.dumps(value, ensure_ascii=False)
