"""Proof that an archive holds all of the tenant and nobody else, by queries of its own.

Exclusivity: every archived row is walked to the root inside the archive, or brought along by a row that is, and none
points at a row that stays behind. Completeness: along every edge the source's own count, by the keys the archive holds,
equals the archive's: downwards along ownership, upwards to what comes along. Neither uses key sets of the extraction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mappings.quote import identifier as quoted
from migrator.contracts import Among, Matching, Reading, Whole
from migrator.engine.classify import OWNED, SHARED, Reference
from migrator.engine.doubts import is_key, names_another
from migrator.engine.equality import as_text, is_value, keys_sought
from migrator.engine.scope import blanked
from migrator.engine.walk import Walk
from migrator.engine.workbench import QueryKeys
from migrator.plan import ColumnRoot, DatabaseRoot, TableRoot
from storage.problem import Problem


@dataclass(frozen=True, kw_only=True)
class EdgeProof:
    """One edge, down to what is owned or up to what comes along: rows the source counts, and rows the archive holds."""

    edge: str
    source: int
    archive: int


@dataclass(frozen=True, kw_only=True)
class Proof:
    walked: dict[str, int]  # table → rows that lead to the root inside the archive
    invited: dict[str, int]  # table → rows of others that the plan lets come along (carry, stub)
    shared: dict[str, int]  # table → rows that those point at
    edges: tuple[EdgeProof, ...]
    problems: tuple[Problem, ...]


class Prover(Walk):
    """Watches what goes into the archive, then proves it."""

    def prove(self, reading: Reading) -> Proof:
        """Walk and count; `problems` is empty where everything is proven."""
        self._spell(reading)
        self.walk()
        owned = self._of_class(OWNED)
        guests = {name: self._count(name, "migrator_guest IS NOT NULL") for name in self._tables}
        edges = tuple(self._edges(reading))
        return Proof(
            walked={name: self._count(name, "migrator_walk IS NOT NULL") for name in owned},
            invited={name: count for name, count in guests.items() if count and name in owned},
            shared={name: count for name, count in guests.items() if name not in owned},
            edges=edges,
            problems=(
                *(self._rootless(owned) or self._strangers()),
                *self._of_others(),
                *self._unfreed(),
                *self._left_behind(reading),
                *self._incomplete(edges),
            ),
        )

    def _rootless(self, owned: list[str]) -> tuple[Problem, ...]:
        """The source found rows by the plan's value, and the archive none among them."""
        root = self._rules.root
        if isinstance(root, DatabaseRoot) or any(self._count(name, "migrator_walk = 0") for name in owned):
            return ()
        columns = [column for column, _ in root.where] if isinstance(root, TableRoot) else [root.column]
        return tuple(
            Problem(
                where=f"{root.at} {name}.{column}",
                what="the root's value is not written as the source shows it, so the rows cannot be proven to be its",
                examples=tuple(row[0] for row in self._workbench.rows(self._spelled(name, column))),
                next="write it in the plan as it is shown",
            )
            for name in ([root.table] if isinstance(root, TableRoot) else owned)
            for column in columns
            if column in self._tables[name].column_names
        )

    def _spelled(self, name: str, column: str) -> str:
        value = as_text("t", self._tables[name].column(column))
        return f"SELECT DISTINCT {value} FROM arch.{quoted(name)} t WHERE {value} IS NOT NULL ORDER BY 1 LIMIT 10"

    def _strangers(self) -> Iterator[Problem]:
        for name in self._tables:
            uninvited = self._count(name, "migrator_walk IS NULL AND migrator_guest IS NULL")
            if uninvited:
                yield Problem(
                    where=name,
                    what="archived rows do not lead to the tenant inside the archive",
                    count=uninvited,
                    next="the archive was not committed; report this with the plan: the scope took what it should not",
                )

    def _of_others(self) -> Iterator[Problem]:
        """Shared rows that name another tenant."""
        root = self._rules.root
        for name in self._of_class(SHARED):
            if isinstance(root, ColumnRoot) and root.column in self._tables[name].column_names:
                count = self._count(name, names_another("t", self._tables[name], root))
                if count:
                    yield Problem(
                        where=f"{name}.{root.column}",
                        what="archived rows of a shared table name another tenant",
                        count=count,
                        next="the archive was not committed; report this with the plan: the scope should have asked",
                    )

    def _unfreed(self) -> Iterator[Problem]:
        """Keys of other tenants' rows that the plan's policy `null` should have taken out."""
        for reference in self._classified.references:
            table = self._tables.get(reference.table)
            if not table or self._rules.foreign.get(reference.name) != "null" or not blanked(table, reference):
                continue
            outside = "true"
            if reference.parent in self._tables:
                outside = f"NOT EXISTS (SELECT 1 {self._parents(reference)})"
            count = self._count(reference.table, f"{self._filled(reference)} AND {outside}", alias="c")
            if count:
                yield Problem(
                    where=reference.name,
                    what="archived rows still point at rows that stay behind",
                    count=count,
                    next="the archive was not committed; report this with the plan: the scope says null here",
                )

    def _left_behind(self, reading: Reading) -> Iterator[Problem]:
        """References to rows that the source has and the archive has not; what comes along has edges of its own."""
        bringing = set(self._bringing())
        for reference in self._classified.references:
            if reference not in bringing and {reference.table, reference.parent} <= self._tables.keys():
                outside = f"NOT EXISTS (SELECT 1 {self._parents(reference)})"
                keys = self._pointed_at(reference, outside)
                count = reading.count(self._tables[reference.parent], keys) if len(keys.keys) else 0
                if count:
                    yield Problem(
                        where=reference.name,
                        what="archived rows point at rows of others that stay behind",
                        count=count,
                        next="the archive was not committed; report this with the plan: the scope should have asked",
                    )

    def _pointed_at(self, reference: Reference, condition: str = "true") -> Among:
        """What selects the rows that archived rows point at, those `c` alone that satisfy the condition."""
        ends = self._ends(reference)
        children = (("c", column) for column in ends.children)
        rows = f"FROM arch.{quoted(reference.table)} c WHERE {self._filled(reference)} AND {condition}"
        keys = keys_sought(self._workbench, zip(children, ends.parents, strict=True), rows)
        return Among(columns=reference.parent_columns, keys=keys)

    def _edges(self, reading: Reading) -> Iterator[EdgeProof]:
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

    def _incomplete(self, edges: tuple[EdgeProof, ...]) -> Iterator[Problem]:
        for edge in edges:
            if edge.source != edge.archive:
                yield Problem(
                    where=edge.edge,
                    what=f"the source counts {edge.source} rows along this edge, the archive holds {edge.archive}",
                    count=abs(edge.source - edge.archive),
                    next="the archive was not committed: the scope left rows behind, or the source tells values apart"
                    " here that are equal by every rule known of it; report this with the plan",
                )
