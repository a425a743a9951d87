"""Edges between archived rows and others of theirs: counted and summed twice, in the source and in the archive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mappings.quote import identifier as quoted
from migrator.contracts import Among, Predicate, Reading, Whole
from migrator.engine.classify import SHARED, Reference
from migrator.engine.doubts import is_key
from migrator.engine.equality import keys_sought
from migrator.engine.hashes import SUMS, row_hash
from migrator.engine.roots import any_of, has_any, marks
from migrator.engine.walk import Walk
from migrator.engine.workbench import QueryKeys
from migrator.plan import ColumnRoot
from storage.errors import Recast
from storage.schema import Column, Table
from storage.types import arrow_schema

_ALONG = "migrator along"
"""What the source says of the rows along the edge that is looked at, read by itself: no predicate of the extraction."""


@dataclass(frozen=True, kw_only=True)
class EdgeProof:
    """One edge, down to what is owned or up to what comes along: rows the source counts, and rows the archive holds.

    The sums are of a 128-bit hash of each row's key (of a table without one, of the row), in whatever order, as hex;
    "" where no column tells rows apart, or where the source's do not fit the archive's types.
    """

    edge: str
    source: int
    archive: int
    source_sum: str = ""
    archive_sum: str = ""


class Edges(Walk):
    """What the archive holds along each edge; the source is asked by the keys that the archive holds."""

    def edges(self, reading: Reading) -> Iterator[EdgeProof]:
        """Of rows that are walked: `walk` comes before."""
        root = self._rules.root
        for name, paths in self._classified.paths.items():
            table = self._tables[name]
            if name in self._classified.whole:
                yield self._compared(reading, name, table, Whole(), "true")
                continue
            if found := marks(root, table):
                edge = f"{name}.{root.column}" if isinstance(root, ColumnRoot) else f"{name} itself"
                yield self._compared(reading, edge, table, any_of(found), has_any("t", table, found))
            for reference in paths:
                yield self._downwards(reading, reference)
        for reference in self._classified.members:
            yield self._brought(reading, reference, "members", "c.migrator_walk IS NOT NULL")
        yield from self._upwards(reading)

    def _upwards(self, reading: Reading) -> Iterator[EdgeProof]:
        """Rows that come along, and rows by what is no key: those of the source are those of the archive."""
        for name in self._of_class(SHARED):
            if self._rules.shared[name] == "whole":
                yield self._compared(reading, f"all of {name}", self._tables[name], Whole(), "true")
        bringing = set(self._bringing())
        for reference in self._classified.references:
            if not {reference.table, reference.parent} <= self._tables.keys():
                continue
            if reference in bringing or not is_key(self._tables[reference.parent], reference.parent_columns):
                yield self._brought(reading, reference, "upwards", "true")

    def _brought(self, reading: Reading, reference: Reference, which: str, condition: str) -> EdgeProof:
        """The rows that archived rows point at, those `c` alone that satisfy the condition."""
        ends = self._ends(reference)
        children = f"SELECT 1 FROM arch.{quoted(reference.table)} c WHERE {self._filled(reference)} AND {condition}"
        rows = f"SELECT p.migrator_row FROM {self._spellings.parents(ends)} WHERE EXISTS ({children} AND {ends.joined})"
        predicate, parent = self._pointed_at(reference, condition), self._tables[reference.parent]
        return self._compared(reading, f"{reference}, {which}", parent, predicate, f"t.rowid IN ({rows})")

    def _downwards(self, reading: Reading, reference: Reference) -> EdgeProof:
        parent = self._tables[reference.parent]
        names = ", ".join(map(quoted, reference.parent_columns))
        filled = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in reference.parent_columns)
        keys = QueryKeys(
            workbench=self._workbench,
            query=f"SELECT DISTINCT {names} FROM arch.{quoted(reference.parent)}"
            f" WHERE migrator_walk IS NOT NULL AND {filled} ORDER BY ALL",
            types=tuple(parent.column(column).type for column in reference.parent_columns),
        )
        of = tuple(parent.column(name) for name in reference.parent_columns)
        predicate = Among(columns=reference.columns, keys=keys, when=reference.condition, of=of)
        is_child = (
            f"{self._filled(reference)}"
            f" AND EXISTS (SELECT 1 {self._parents(reference)} AND p.migrator_walk IS NOT NULL)"
        )
        return self._compared(reading, str(reference), self._tables[reference.table], predicate, is_child, alias="c")

    def _pointed_at(self, reference: Reference, condition: str = "true") -> Among:
        """What selects the rows that archived rows point at, those `c` alone that satisfy the condition."""
        ends = self._ends(reference)
        children = (("c", column) for column in ends.children)
        rows = f"FROM arch.{quoted(reference.table)} c WHERE {self._filled(reference)} AND {condition}"
        keys = keys_sought(self._workbench, zip(children, ends.parents, strict=True), rows)
        return Among(columns=reference.parent_columns, keys=keys)

    # ── both sides of one edge ──────────────────────────────────────────────────────────────────────────────
    def _compared(
        self, reading: Reading, edge: str, table: Table, predicate: Predicate, condition: str, alias: str = "t"
    ) -> EdgeProof:
        """The source's rows by `predicate`, the archive's by the `condition` of `alias`."""
        told_by = self._telling(table)
        return EdgeProof(
            edge=edge,
            source=reading.count(table, predicate),
            archive=self._count(table.name, condition, alias=alias),
            source_sum=self._read_sum(reading, table, predicate, told_by),
            archive_sum=self._sum(f"arch.{quoted(table.name)} {alias} WHERE {condition}", alias, told_by),
        )

    def _read_sum(self, reading: Reading, table: Table, predicate: Predicate, told_by: tuple[Column, ...]) -> str:
        if not told_by:
            return ""
        names = [column.name for column in told_by]
        schema = arrow_schema(Table(name=table.name, columns=told_by))
        batches = (batch.select(names) for batch in reading.scan(table, predicate, columns=names))
        try:
            self._workbench.ingest("arch", _ALONG, batches, schema)
        except Recast:  # no row of the archive is like that one
            return ""
        return self._sum(f"arch.{quoted(_ALONG)} t", "t", told_by)

    def _sum(self, rows: str, alias: str, told_by: tuple[Column, ...]) -> str:
        if not told_by:
            return ""
        low, high = self._workbench.row(f"SELECT {SUMS} FROM (SELECT {row_hash(alias, told_by)} AS hash FROM {rows})")
        return f"{((low or 0) + ((high or 0) << 64)) % (1 << 128):032x}"
