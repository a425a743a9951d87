"""Every archived row on its way to the tenant, step by step inside the archive: what leads there, who came along."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.quote import identifier as quoted
from migrator.engine.archived import ArchivedKeys
from migrator.engine.classify import OWNED, SHARED, Reference
from migrator.engine.roots import has_any, marks


class Walk(ArchivedKeys):
    """Marks rows of `arch`: `migrator_walk`, how far from the tenant; `migrator_guest`, how far from who brought them.

    Guests are rows of others that the plan lets come along, and rows of shared tables. They are brought by the tenant's
    rows and by guests: rows of others do not bring each other, nor themselves.
    """

    def walk(self) -> None:
        for name in self._tables:
            self._workbench.execute(f"ALTER TABLE arch.{quoted(name)} ADD COLUMN migrator_walk INTEGER")
            self._workbench.execute(f"ALTER TABLE arch.{quoted(name)} ADD COLUMN migrator_guest INTEGER")
            self._start(name)
        self._lead(self._of_class(OWNED))
        step = 0
        while sum(self._bring(reference, step) for reference in self._bringing()):
            step += 1

    def _of_class(self, class_: str) -> list[str]:
        return [name for name in self._tables if self._classified.classes[name] == class_]

    def _start(self, name: str) -> None:
        mark, found = "migrator_walk", marks(self._rules.root, self._tables[name])
        if self._classified.classes[name] == SHARED:
            if self._rules.shared[name] != "whole":
                return
            mark, condition = "migrator_guest", "true"
        elif name in self._classified.whole:
            condition = "true"
        elif found:
            condition = has_any("t", self._tables[name], found)
        else:
            return
        self._workbench.execute(f"UPDATE arch.{quoted(name)} AS t SET {mark} = 0 WHERE {condition}")

    def _lead(self, owned: list[str]) -> None:
        """Only from rows that the last step reached, so that a long chain costs its length."""
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
        for reference in self._classified.members:
            if reference.parent == name and reference.table in reached:
                marked += self._mark_brought(reference, f"c.migrator_walk = {step}", f"migrator_walk = {step + 1}")
        return marked

    def _bringing(self) -> Iterator[Reference]:
        """The references by which rows come along that are not the tenant's own."""
        for reference in self._classified.references:
            if not {reference.table, reference.parent} <= self._tables.keys():
                continue
            lets_come = self._rules.foreign.get(reference.name) in ("carry", "stub")
            if lets_come or self._classified.classes[reference.parent] == SHARED:
                yield reference

    def _bring(self, reference: Reference, step: int) -> int:
        host = f"c.migrator_guest = {step}" if step else "(c.migrator_walk IS NOT NULL OR c.migrator_guest = 0)"
        return self._mark_brought(reference, host, f"migrator_guest = {step + 1}")

    def _mark_brought(self, reference: Reference, host: str, mark: str) -> int:
        """Mark the rows without a mark that hosts point at by this reference; how many."""
        hosts = f"SELECT 1 FROM arch.{quoted(reference.table)} c WHERE {host} AND {self._filled(reference)}"
        ends = self._ends(reference)
        brought = (
            f"SELECT p.migrator_row FROM {self._spellings.parents(ends)}"
            " WHERE p.migrator_walk IS NULL AND p.migrator_guest IS NULL"
            f" AND EXISTS ({hosts} AND {ends.joined})"
        )
        return int(self._workbench.one(f"UPDATE arch.{quoted(reference.parent)} SET {mark} WHERE rowid IN ({brought})"))
