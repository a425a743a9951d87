"""Proof that an archive holds all of the tenant and nobody else, by queries of its own.

Exclusivity: every archived row is walked to the root inside the archive, or invited by a row that is. Completeness:
along every ownership edge the source's own count, by the keys the archive holds, equals the archive's. Neither uses the
key sets of the extraction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mappings.quote import identifier as quoted
from migrator.contracts import Among, Matching, Reading, Whole
from migrator.engine.archived import ArchivedKeys
from migrator.engine.classify import OWNED, Reference
from migrator.engine.equality import as_text, is_value
from migrator.engine.scope import blanked
from migrator.engine.workbench import QueryKeys
from migrator.plan import ColumnRoot, DatabaseRoot, TableRoot
from storage.problem import Problem


@dataclass(frozen=True, kw_only=True)
class EdgeProof:
    """One ownership edge: rows the source counts along it, and rows the archive holds along it."""

    edge: str
    source: int
    archive: int


@dataclass(frozen=True, kw_only=True)
class Proof:
    walked: dict[str, int]  # table → rows that lead to the root inside the archive
    invited: dict[str, int]  # table → rows of others that the plan lets come along (carry, stub)
    edges: tuple[EdgeProof, ...]
    problems: tuple[Problem, ...]


class Prover(ArchivedKeys):
    """Watches what goes into the archive, then proves it."""

    def prove(self, reading: Reading) -> Proof:
        """Walk and count; `problems` is empty where everything is proven."""
        self._spell(reading)
        owned = [name for name in self._tables if self._classified.classes[name] == OWNED]
        for name in owned:
            self._workbench.execute(f"ALTER TABLE arch.{quoted(name)} ADD COLUMN migrator_walk INTEGER")
            self._workbench.execute(f"ALTER TABLE arch.{quoted(name)} ADD COLUMN migrator_guest INTEGER")
            self._start(name)
        self._walk(owned)
        self._invite(owned)
        walked = {name: self._count(name, "migrator_walk IS NOT NULL") for name in owned}
        invited = {name: self._count(name, "migrator_guest IS NOT NULL") for name in owned}
        edges = tuple(self._edges(reading))
        return Proof(
            walked=walked,
            invited={name: count for name, count in invited.items() if count},
            edges=edges,
            problems=(*(self._rootless(owned) or self._strangers(owned)), *self._unfreed(), *self._incomplete(edges)),
        )

    def _start(self, name: str) -> None:
        root, table = self._rules.root, self._tables[name]
        if isinstance(root, DatabaseRoot):
            condition = "true"
        elif isinstance(root, ColumnRoot) and root.column in table.column_names:
            condition = is_value("t", table.column(root.column), root.value)
        elif isinstance(root, TableRoot) and root.table == name:
            condition = " AND ".join(is_value("t", table.column(name), value) for name, value in root.where)
        else:
            return
        self._workbench.execute(f"UPDATE arch.{quoted(name)} AS t SET migrator_walk = 0 WHERE {condition}")

    def _walk(self, owned: list[str]) -> None:
        """Step by step: only from rows that the last step reached, so that a long chain costs its length."""
        step, reached = 0, {name for name in owned if self._count(name, "migrator_walk = 0")}
        while reached:
            reached = {name for name in owned if self._step(name, reached, step)}
            step += 1

    def _step(self, name: str, reached: set[str], step: int) -> int:
        """Mark the rows that point at rows marked with `step`; how many."""
        marked = 0
        for reference in self._classified.paths[name]:
            if reference.parent in reached:
                marked += self._workbench.one(
                    f"UPDATE arch.{quoted(name)} AS c SET migrator_walk = {step + 1} WHERE migrator_walk IS NULL"
                    f" AND {self._filled(reference)}"
                    f" AND EXISTS (SELECT 1 {self._parents(reference)} AND p.migrator_walk = {step})"
                )
        return marked

    def _invite(self, owned: list[str]) -> None:
        """Mark what the archive's own rows bring along where the plan lets them, and what that brings in turn.

        From the tenant's rows on, step by step: rows of others do not invite each other, nor themselves.
        """
        step = 0
        while sum(self._guests(reference, step) for reference in self._inviting(owned)):
            step += 1

    def _inviting(self, owned: list[str]) -> Iterator[Reference]:
        for reference in self._classified.references:
            lets_come = self._rules.foreign.get(reference.name) in ("carry", "stub")
            if lets_come and reference.table in self._tables and reference.parent in owned:
                yield reference

    def _guests(self, reference: Reference, step: int) -> int:
        host = f"c.migrator_guest = {step}" if step else "c.migrator_walk IS NOT NULL"
        if self._classified.classes[reference.table] != OWNED:  # shared rows are hosts, and never guests
            host = "true"
        hosts = f"SELECT 1 FROM arch.{quoted(reference.table)} c WHERE {host} AND {self._filled(reference)}"
        ends = self._ends(reference)
        invited = (
            f"SELECT p.migrator_row FROM {self._spellings.parents(ends)}"
            " WHERE p.migrator_walk IS NULL AND p.migrator_guest IS NULL"
            f" AND EXISTS ({hosts} AND {ends.joined})"
        )
        return int(
            self._workbench.one(
                f"UPDATE arch.{quoted(reference.parent)} SET migrator_guest = {step + 1} WHERE rowid IN ({invited})"
            )
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

    def _strangers(self, owned: list[str]) -> Iterator[Problem]:
        for name in owned:
            uninvited = self._count(name, "migrator_walk IS NULL AND migrator_guest IS NULL")
            if uninvited:
                yield Problem(
                    where=name,
                    what="archived rows do not lead to the tenant inside the archive",
                    count=uninvited,
                    next="the archive was not committed; report this with the plan: the scope took what it should not",
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

    def _edges(self, reading: Reading) -> Iterator[EdgeProof]:
        root = self._rules.root
        for name, paths in self._classified.paths.items():
            table = self._tables[name]
            if isinstance(root, DatabaseRoot):
                yield EdgeProof(edge=name, source=reading.count(table, Whole()), archive=self._count(name, "true"))
                continue
            if isinstance(root, ColumnRoot) and root.column in table.column_names:
                predicate = Matching(columns=(root.column,), values=(root.value,))
                archive = self._count(name, is_value("t", table.column(root.column), root.value))
                yield EdgeProof(edge=f"{name}.{root.column}", source=reading.count(table, predicate), archive=archive)
            for reference in paths:
                yield self._edge(reading, reference)

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
