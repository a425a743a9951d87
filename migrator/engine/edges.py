"""Edges between archived rows and others of theirs, counted twice: in the source, and in the archive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mappings.quote import identifier as quoted
from migrator.contracts import Among, Matching, Reading, Whole
from migrator.engine.classify import SHARED, Reference
from migrator.engine.doubts import is_key
from migrator.engine.equality import is_value, keys_sought
from migrator.engine.walk import Walk
from migrator.engine.workbench import QueryKeys
from migrator.plan import ColumnRoot, DatabaseRoot, TableRoot


@dataclass(frozen=True, kw_only=True)
class EdgeProof:
    """One edge, down to what is owned or up to what comes along: rows the source counts, and rows the archive holds."""

    edge: str
    source: int
    archive: int


class Edges(Walk):
    """What the archive holds along each edge; the source is asked by the keys that the archive holds."""

    def edges(self, reading: Reading) -> Iterator[EdgeProof]:
        """Of rows that are walked: `walk` comes before."""
        root = self._rules.root
        for name, paths in self._classified.paths.items():
            table = self._tables[name]
            if isinstance(root, DatabaseRoot):
                yield EdgeProof(edge=name, source=reading.count(table, Whole()), archive=self._count(name, "true"))
                continue
            if isinstance(root, TableRoot) and root.table == name:
                predicate = Matching(columns=tuple(c for c, _ in root.where), values=tuple(v for _, v in root.where))
                archive = self._count(name, self._is_root(root))
                yield EdgeProof(edge=f"{name} itself", source=reading.count(table, predicate), archive=archive)
            if isinstance(root, ColumnRoot) and root.column in table.column_names:
                predicate = Matching(columns=(root.column,), values=(root.value,))
                archive = self._count(name, is_value("t", table.column(root.column), root.value))
                yield EdgeProof(edge=f"{name}.{root.column}", source=reading.count(table, predicate), archive=archive)
            for reference in paths:
                yield self._edge(reading, reference)
        yield from self._upwards(reading)

    def _upwards(self, reading: Reading) -> Iterator[EdgeProof]:
        """Rows that come along, and rows by what is no key: as many in the source as in the archive."""
        for name in self._of_class(SHARED):
            if self._rules.shared[name] == "whole":
                source = reading.count(self._tables[name], Whole())
                yield EdgeProof(edge=f"all of {name}", source=source, archive=self._count(name, "true"))
        bringing = set(self._bringing())
        for reference in self._classified.references:
            if not {reference.table, reference.parent} <= self._tables.keys():
                continue
            parent = self._tables[reference.parent]
            if reference in bringing or not is_key(parent, reference.parent_columns):
                ends = self._ends(reference)
                children = f"SELECT 1 FROM arch.{quoted(reference.table)} c WHERE {self._filled(reference)}"
                archive = self._workbench.one(
                    f"SELECT count(DISTINCT p.migrator_row) FROM {self._spellings.parents(ends)}"
                    f" WHERE EXISTS ({children} AND {ends.joined})"
                )
                source = reading.count(parent, self._pointed_at(reference))
                yield EdgeProof(edge=f"{reference}, upwards", source=source, archive=int(archive))

    def _edge(self, reading: Reading, reference: Reference) -> EdgeProof:
        parent = self._tables[reference.parent]
        names = ", ".join(map(quoted, reference.parent_columns))
        filled = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in reference.parent_columns)
        keys = QueryKeys(
            workbench=self._workbench,
            query=f"SELECT DISTINCT {names} FROM arch.{quoted(reference.parent)}"
            f" WHERE migrator_walk IS NOT NULL AND {filled} ORDER BY ALL",
            types=tuple(parent.column(column).type for column in reference.parent_columns),
        )
        child = self._tables[reference.table]
        archive = self._count(
            reference.table,
            f"{self._filled(reference)}"
            f" AND EXISTS (SELECT 1 {self._parents(reference)} AND p.migrator_walk IS NOT NULL)",
            alias="c",
        )
        of = tuple(parent.column(name) for name in reference.parent_columns)
        source = reading.count(child, Among(columns=reference.columns, keys=keys, when=reference.condition, of=of))
        return EdgeProof(edge=str(reference), source=source, archive=archive)

    def _pointed_at(self, reference: Reference, condition: str = "true") -> Among:
        """What selects the rows that archived rows point at, those `c` alone that satisfy the condition."""
        ends = self._ends(reference)
        children = (("c", column) for column in ends.children)
        rows = f"FROM arch.{quoted(reference.table)} c WHERE {self._filled(reference)} AND {condition}"
        keys = keys_sought(self._workbench, zip(children, ends.parents, strict=True), rows)
        return Among(columns=reference.parent_columns, keys=keys)
