"""Tables drawn as a tree: each below the nearest one it is owned through. Lines only; pages and terminals draw them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_DEEPEST = 10  # levels that are drawn: below them a line says only that there are more


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A table's line: `guide` leads the eye to the table `above` it; None where it is owned by itself."""

    name: str
    above: str | None
    guide: str


def tree(parents: Mapping[str, Sequence[str]]) -> Iterator[Placed]:
    """The lines of a tree, of the tables that each table is owned through; every table has one line."""
    places = _places(parents)
    below: dict[str | None, list[str]] = {}
    for name in parents:
        below.setdefault(places[name], []).append(name)
    waiting = [Placed(name=name, above=None, guide=guide) for name, guide in _guided(below.get(None, []), "")]
    while waiting:
        placed = waiting.pop(0)
        yield placed
        inner = placed.guide.replace("├", "│").replace("└", " ")
        children = _guided(below.get(placed.name, []), inner)
        waiting[:0] = [Placed(name=name, above=placed.name, guide=guide) for name, guide in children]


def _guided(names: Sequence[str], guide: str) -> Iterator[tuple[str, str]]:
    if len(guide) >= 2 * _DEEPEST:
        guide = f"… {guide[4:]}"
    for name in names:
        yield name, f"{guide}{'└' if name == names[-1] else '├'} "


def _places(parents: Mapping[str, Sequence[str]]) -> dict[str, str | None]:
    """Table → the one it lies below: the nearest to the tenant, found level by level."""
    placed: dict[str, str | None] = {name: None for name, known in parents.items() if not known}
    left = [name for name in parents if name not in placed]
    while left:
        order = {name: number for number, name in enumerate(placed)}
        above = {name: [parent for parent in parents[name] if parent in order] for name in left}
        found = {name: min(nearest, key=order.__getitem__) for name, nearest in above.items() if nearest}
        placed |= found or dict.fromkeys(left)  # those that lead to each other alone
        left = [name for name in left if name not in placed]
    return placed
