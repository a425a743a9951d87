"""Every reference that might make a table's rows the tenant's, with the reason why it does or does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from migrator.engine.classify import OWNED, Reference
from migrator.engine.explain.explanation import Way
from migrator.engine.scope import Resolved


def ways(name: str, resolved: Resolved) -> Iterator[Way]:
    """Of one table, in the order of its references."""
    is_whole = name in resolved.classified.whole
    paths = () if is_whole else resolved.classified.paths.get(name, ())
    chosen = {replace(path, unless=None): path for path in paths}
    crossings = {crossing.reference: crossing for crossing in resolved.scope.crossings}
    for reference in resolved.classified.references_of(name):
        crossing = crossings.get(str(reference))
        path = chosen.get(reference)
        yield Way(
            reference=str(reference),
            by=reference.label,
            parent=reference.parent,
            chosen=path is not None,
            why="makes a row the tenant's" if path else _passed_over(reference, resolved),
            unless=path.unless if path else None,
            rows=resolved.closure.leading_in(reference) if _within(reference, resolved) else 0,
            outside=crossing.count if crossing else 0,
            policy=crossing.policy if crossing else "",
        )


def _within(reference: Reference, resolved: Resolved) -> bool:
    classes = resolved.classified.classes
    return {classes[reference.table], classes[reference.parent]} == {OWNED}


def _passed_over(reference: Reference, resolved: Resolved) -> str:
    for name in (reference.table, reference.parent):
        if (class_ := resolved.classified.classes[name]) != OWNED:
            return f"{name} is {class_}"
    if reference.table in resolved.classified.whole:
        return f"all of {reference.table} is the tenant's"
    if reference.table in resolved.rules.paths:
        return "scope.paths names others"
    if reference.parent in resolved.rules.members:
        return f"{reference.parent} may belong to several tenants"
    return "the plan names the rows themselves"
