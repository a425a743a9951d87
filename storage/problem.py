"""One red finding, as every layer reports it: an archive check, a mapping check, a verification."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

MOST_EXAMPLES = 10
_MANY = 3


@dataclass(frozen=True, kw_only=True)
class Problem:
    """`where` is a path, table, table.column or file:line; `examples` are keys or values, at most ten."""

    where: str
    what: str
    count: int = 1
    examples: tuple[str, ...] = ()
    next: str = ""


def gathered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those that say one sentence of three places or more, and nothing beside it, as one whose examples are these."""
    groups: dict[Problem, list[Problem]] = {}
    for problem in problems:
        is_bare = problem.count == 1 and not problem.examples
        groups.setdefault(replace(problem, where="") if is_bare else problem, []).append(problem)
    return tuple(one for group in groups.values() for one in _in_few(group))


def _in_few(group: list[Problem]) -> Iterable[Problem]:
    first, *further = places = tuple(dict.fromkeys(problem.where for problem in group))
    if len(places) < _MANY:
        return dict.fromkeys(group)
    where = f"{first} and {len(further)} more"
    return [replace(group[0], where=where, count=len(places), examples=places[:MOST_EXAMPLES])]
