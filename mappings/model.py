"""A mapping as it was written: frozen nouns, every one of which knows its line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from mappings.steps import Sql, Step


@dataclass(frozen=True, kw_only=True)
class KeyRemap:
    """How the key of a source table changes. `column` and `target` may be left to be found out (`None`)."""

    table: str
    method: str  # uuid5 | offset | keep
    by: int = 0  # what offset adds
    column: str | None = None
    target: str | None = None
    line: int


@dataclass(frozen=True, kw_only=True)
class Reject:
    """Rows that satisfy `when` are counted as rejected."""

    when: str
    because: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Drop:
    """A source column or table that goes nowhere, and why."""

    name: str
    because: str
    line: int


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """One target column: a chain of steps over the `inputs`, which are source columns."""

    target: str
    inputs: tuple[str, ...]
    steps: tuple[Step, ...]
    line: int

    @property
    def expression(self) -> str | None:
        """The text of a `sql:` column; None for any other."""
        return self.steps[0].expression if isinstance(self.steps[0], Sql) else None

    def describe(self) -> str:
        """What happens to the value, for the ledger; empty where it is carried as it is."""
        return ", ".join(step.describe() for step in self.steps if step.name != "rename")


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Source table → target table, declared `1:1`, `split` or `union`."""

    source: str
    target: str
    kind: str
    columns: tuple[ColumnMapping, ...]
    dropped: tuple[Drop, ...] = ()
    where: str | None = None
    where_line: int = 0
    because: str | None = None
    rejects: tuple[Reject, ...] = ()
    line: int

    def column(self, target: str) -> ColumnMapping | None:
        return next((column for column in self.columns if column.target == target), None)


@dataclass(frozen=True, kw_only=True)
class TargetTable:
    """A target table; a live row with equal values in `match` is the same row."""

    name: str
    match: tuple[str, ...]
    edges: tuple[Edge, ...]
    line: int


@dataclass(frozen=True, kw_only=True)
class Mapping:
    name: str
    file: str
    text: str  # as written: what a seal covers
    tables: tuple[TargetTable, ...]
    keys: tuple[KeyRemap, ...] = ()
    dropped_tables: tuple[Drop, ...] = ()
    description: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge in the order written; an edge's place in it is its number."""
        return tuple(edge for table in self.tables for edge in table.edges)

    def edges_from(self, source: str) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge.source == source)

    def table(self, target: str) -> TargetTable:
        """The target table of that name; KeyError if there is none."""
        for table in self.tables:
            if table.name == target:
                return table
        raise KeyError(target)

    def where(self, line: int, place: str = "") -> str:
        """`file:line table.column`, as problems and errors name a place."""
        return f"{self.file}:{line} {place}".rstrip()

    def steps(self) -> Iterator[tuple[Edge, ColumnMapping, Step]]:
        """Every step of every column."""
        for edge in self.edges:
            for column in edge.columns:
                for step in column.steps:
                    yield edge, column, step
