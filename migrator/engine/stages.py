"""The order in which references are followed down: parents first, so that none is asked again for what came late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from migrator.engine.classify import Reference


def stages(led: Mapping[str, Sequence[Reference]]) -> tuple[tuple[Reference, ...], ...]:
    """The references by which tables are led, those of one stage to be followed until none of them finds a row.

    Tables that lead to each other in a circle share a stage; whatever else leads to a table of it is in one before.
    """
    children: dict[str, set[str]] = {}
    for reference in (reference for paths in led.values() for reference in paths):
        children.setdefault(reference.parent, set()).add(reference.table)
    # whoever leads to a table, and is not led back, reaches all that it reaches, and more
    reached = {name: len(_reached(name, children)) for name in led}
    return tuple(
        tuple(path for name, paths in led.items() if reached[name] == many for path in paths)
        for many in sorted(set(reached.values()), reverse=True)
    )


def _reached(name: str, children: Mapping[str, Iterable[str]]) -> set[str]:
    found, waiting = {name}, [name]
    while waiting:
        new = set(children.get(waiting.pop(), ())) - found
        found |= new
        waiting.extend(new)
    return found
