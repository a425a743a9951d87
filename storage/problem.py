"""One red finding, as every layer reports it: an archive check, a mapping check, a verification."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Problem:
    """`where` is a path, table, table.column or file:line; `examples` are keys or values, at most ten."""

    where: str
    what: str
    count: int = 1
    examples: tuple[str, ...] = ()
    next: str = ""
