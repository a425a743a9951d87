"""A copy of a platform's structure in an empty one, to rehearse in: no row comes along, and nothing stays."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from migrator.contracts import Source, Target
from migrator.engine.order import parents_first
from storage.errors import Misuse
from storage.problem import Problem


@contextmanager
def throwaway(original: Source, names: Collection[str], copy: Target) -> Iterator[tuple[Problem, ...]]:
    """`copy` has these tables of the original until the context ends; gives what of them it could not have.

    Misuse if it is of another kind, or anything is there. A process that is killed leaves the copy as it stands.
    """
    with original.fence() as reading:
        kind, there = reading.schema.platform, copy.capabilities.platform
        if kind != there:
            raise Misuse(
                f"the target is {kind}, the copy would be {there}",
                where="--on",
                next=f"name an empty database of {kind}",
            )
        tables = parents_first([table for table in reading.schema.tables if table.name in names])
        model = reading.model([table.name for table in tables])
    with copy.rebuilding(tables, model) as rebuilding:
        told = rebuilding.finish()
    try:
        yield told
    finally:
        copy.erase(tables, model)
