"""Proof that an archive holds all of the tenant and nobody else, by queries of its own.

Exclusivity: every archived row is walked to the root inside the archive, or brought along by a row that is, and none
points at a row that stays behind. Completeness: along every edge the source's own count, and a sum of hashes over the
keys it shows there, equal the archive's: downwards along ownership, upwards to what comes along. The source is asked by
the keys that the archive holds. Neither uses key sets of the extraction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mappings.quote import identifier as quoted
from migrator.contracts import Reading
from migrator.engine.archived import SAYS_SOMETHING
from migrator.engine.behind import Behind, Sign
from migrator.engine.classify import OWNED, SHARED, Reference
from migrator.engine.doubts import names_another
from migrator.engine.edges import EdgeProof
from migrator.engine.equality import as_text
from migrator.engine.others import Named
from migrator.engine.roots import has_any, matching
from migrator.engine.scope import blanked
from migrator.outcomes import Progress, silent
from migrator.plan import ColumnRoot, root_rows
from migrator.plan.written import KEY
from storage.problem import Problem

INDEX, FULL = "by index", "full"
"""Which proof ran: along the edges of what was archived, or through all that stays behind, too."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    walked: dict[str, int]  # table → rows that lead to the root inside the archive
    invited: dict[str, int]  # table → rows of others that the plan lets come along (carry, stub)
    shared: dict[str, int]  # table → rows that those point at
    edges: tuple[EdgeProof, ...]
    problems: tuple[Problem, ...]
    kind: str = INDEX
    named: tuple[Named, ...] = ()  # other tenants that archived rows name, for the operator alone
    signs: tuple[Sign, ...] = ()  # of a full proof: what rows of others hold of the tenant, for the operator alone

    @property
    def told(self) -> tuple[Problem, ...]:
        """What its operator alone is told, where nothing is wrong."""
        return (*(named.told for named in self.named), *(sign.told for sign in self.signs))


class Prover(Behind):
    """Watches what goes into the archive, then proves it."""

    def prove(self, reading: Reading, *, full: bool = False, progress: Progress = silent) -> Proof:
        """Walk and count, with `full` ask what stays behind, too; `problems` is empty where everything is proven."""
        self._spell(reading)
        self.walk()
        owned = self._of_class(OWNED)
        guests = {name: self._count(name, "migrator_guest IS NOT NULL") for name in self._tables}
        edges = tuple(self.edges(reading))
        signs = self.signs(reading, progress) if full else ()
        return Proof(
            walked={name: self._count(name, "migrator_walk IS NOT NULL") for name in owned},
            invited={name: count for name, count in guests.items() if count and name in owned},
            shared={name: count for name, count in guests.items() if name not in owned},
            edges=edges,
            problems=(
                *(self._rootless(owned) or self._strangers()),
                *self._of_others(),
                *self._talkative(),
                *self._unfreed(),
                *self._left_behind(reading),
                *self._incomplete(edges),
                *(sign.problem for sign in signs if not sign.is_decided),
            ),
            kind=FULL if full else INDEX,
            named=tuple(self.named(reading)),
            signs=signs,
        )

    def _rootless(self, owned: list[str]) -> tuple[Problem, ...]:
        """The source found rows by the plan's value, and the archive none among them."""
        root = self._rules.root
        if isinstance(root, ColumnRoot):
            if any(self._count(name, "migrator_walk = 0") for name in owned):
                return ()
            lacking = [(root.at, name, root.column) for name in owned if root.column in self._tables[name].column_names]
        else:
            lacking = [
                (one.at, one.table, column)
                for one in root_rows(root)
                if not self._count(one.table, has_any("t", self._tables[one.table], (matching(one),)))
                for column, _ in one.where
            ]
        return tuple(
            Problem(
                where=f"{at} {name}.{column}",
                what="the root's value is not written as the source shows it, so the rows cannot be proven to be its",
                examples=tuple(row[0] for row in self._workbench.rows(self._spelled(name, column))),
                next="write it in the plan as it is shown",
            )
            for at, name, column in lacking
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

    def _talkative(self) -> Iterator[Problem]:
        """Rows of which only the key should leave, since nothing that carries them points at them."""
        for name in filter(self.has_stubs, self._of_class(OWNED)):
            carried = "".join(f" AND rowid NOT IN ({self._carried(reference)})" for reference in self._carrying(name))
            count = self._count(name, f"migrator_guest IS NOT NULL AND {SAYS_SOMETHING}{carried}")
            if count:
                yield Problem(
                    where=name,
                    what="archived rows of others hold more than their key",
                    count=count,
                    next="the archive was not committed; report this with the plan: the scope says stub here",
                )

    def _carrying(self, name: str) -> Iterator[Reference]:
        for reference in self._bringing():
            if reference.parent == name and self._rules.foreign.get(reference.name) == "carry":
                yield reference

    def _carried(self, reference: Reference) -> str:
        ends = self._ends(reference)
        children = f"SELECT 1 FROM arch.{quoted(reference.table)} c WHERE {self._filled(reference)} AND {ends.joined}"
        return f"SELECT p.migrator_row FROM {self._spellings.parents(ends)} WHERE EXISTS ({children})"

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
            stays_a_key = self._rules.foreign.get(reference.name) == KEY
            if stays_a_key or reference in bringing:
                continue
            if {reference.table, reference.parent} <= self._tables.keys():
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
            elif edge.source_sum != edge.archive_sum:
                yield Problem(
                    where=edge.edge,
                    what="the source has other rows along this edge than the archive, though as many",
                    count=edge.source,
                    next="the archive was not committed; report this with the plan: rows were read that are not these",
                )
