"""What becomes of each column: of the source's, where its values go; of the target's, where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mappings.frame import required
from mappings.model import ColumnMapping, Edge, Mapping
from mappings.used import read_columns
from storage.schema import Column, Table


class Fate(StrEnum):
    COPIED = "copied"  # as it is
    CHANGED = "changed"  # by steps or an expression
    CONSTANT = "constant"  # the same in every row, of no source column
    DROPPED = "dropped"  # with the reason
    UNMAPPED = "unmapped"  # nothing is said about it: red
    DEFAULT = "default"  # the target fills it itself, or leaves it NULL
    MISSING = "missing"  # the target demands it, and nothing fills it: red


RED = frozenset({Fate.UNMAPPED, Fate.MISSING})


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """A source column: the target columns (`table.column`) made of it, or why there is none."""

    column: Column
    fate: Fate
    becomes: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True, kw_only=True)
class Arriving:
    """A target column; `written` is how an edge fills it, `reads` the source columns its values are made of."""

    column: Column
    fate: Fate
    written: ColumnMapping | None = None
    reads: tuple[str, ...] = ()


def leaving(mapping: Mapping, source: Table) -> tuple[Leaving, ...]:
    """Every column of a source table, over all edges from it and all lookups in it."""
    whole = next((drop.because for drop in mapping.dropped_tables if drop.name == source.name), None)
    return tuple(_leaving(mapping, source, column, whole) for column in source.columns)


def arriving(edge: Edge, target: Table, source: Table) -> tuple[Arriving, ...]:
    """Every column of the target table an edge leads to."""
    return tuple(_arriving(edge, column, target, source) for column in target.columns)


def _leaving(mapping: Mapping, source: Table, column: Column, whole: str | None) -> Leaving:
    made = list(_made_of(mapping, source, column.name))
    looked_up = tuple(_looked_up(mapping, source.name, column.name))
    if made:
        is_copied = any(_is_as_it_is(written) for _, written in made)
        becomes = tuple(f"{edge.target}.{written.target}" for edge, written in made)
        return Leaving(column=column, fate=Fate.COPIED if is_copied else Fate.CHANGED, becomes=becomes + looked_up)
    if looked_up:
        return Leaving(column=column, fate=Fate.CHANGED, becomes=looked_up)
    reasons = {drop.name: drop.because for edge in mapping.edges_from(source.name) for drop in edge.dropped}
    because = reasons.get(column.name, whole)
    if because is None:
        return Leaving(column=column, fate=Fate.UNMAPPED)
    return Leaving(column=column, fate=Fate.DROPPED, because=because)


def _made_of(mapping: Mapping, source: Table, name: str) -> Iterator[tuple[Edge, ColumnMapping]]:
    for edge in mapping.edges_from(source.name):
        for written in edge.columns:
            if name in read_columns(written, source):
                yield edge, written


def _looked_up(mapping: Mapping, source: str, name: str) -> Iterator[str]:
    for edge, written, step in mapping.steps():
        if (source, name) in step.looked_up():
            yield f"{edge.target}.{written.target}"


def _arriving(edge: Edge, column: Column, target: Table, source: Table) -> Arriving:
    written = edge.column(column.name)
    if written is None:
        fills_itself = column.generated or column.identity or column.default is not None
        is_missing = required(column, target) and not fills_itself
        return Arriving(column=column, fate=Fate.MISSING if is_missing else Fate.DEFAULT)
    reads = read_columns(written, source)
    if _is_as_it_is(written):
        return Arriving(column=column, fate=Fate.COPIED, written=written, reads=reads)
    return Arriving(column=column, fate=Fate.CHANGED if reads else Fate.CONSTANT, written=written, reads=reads)


def _is_as_it_is(written: ColumnMapping) -> bool:
    return [step.name for step in written.steps] == ["rename"]
