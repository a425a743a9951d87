"""Rows that lead to the tenant by a reference of which the plan does not say whether it makes them the tenant's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from migrator.contracts import Among, AnyOf, Matching, Reading
from migrator.engine.classify import Classified, Reference
from migrator.engine.closure import Closure
from migrator.engine.roots import named_columns
from migrator.plan import ColumnRoot, ScopeRules, root_rows
from storage.problem import Problem


class Unsaid:
    """Of a closure that is found; asks the source by the tenant's own keys."""

    def __init__(self, reading: Reading, rules: ScopeRules, classified: Classified, closure: Closure) -> None:
        self._reading = reading
        self._rules = rules
        self._classified = classified
        self._closure = closure

    def problems(self, reference: Reference, left: int) -> Iterator[Problem]:
        """What is to be asked of a reference by which `left` rows lead to the tenant that were not taken."""
        if reference.table in self._rules.paths:
            return
        if reference.parent in self._rules.members:
            yield from self._hanging(reference)
        elif isinstance(self._rules.root, ColumnRoot):
            yield self._contradicted(reference, self._rules.root.column, left)
        elif {reference.table, reference.parent} <= self._rooted() and reference.table != reference.parent:
            yield self._unnamed(reference, left)

    def _rooted(self) -> set[str]:
        return {one.table for one in root_rows(self._rules.root)}

    def _contradicted(self, reference: Reference, column: str, count: int) -> Problem:
        return Problem(
            where=f"{reference.table}.{column}",
            what=f"{count} row(s) name another tenant here, and lead to this one by {reference}",
            count=count,
            next="correct them in the source, or say that the column is right:"
            f" scope.paths: {{{reference.table}: [{', '.join(self._labels(reference))}]}}",
        )

    def _unnamed(self, reference: Reference, count: int) -> Problem:
        """Whoever named the roots one by one may not know of these."""
        return Problem(
            where=reference.name,
            what=f"{count} row(s) lead to the tenant by {reference}, and no root names them",
            count=count,
            next=f"say whether they are the tenant's: scope.paths: {{{reference.table}: [{reference.label}]}}, or []",
        )

    def _hanging(self, reference: Reference) -> Iterator[Problem]:
        """Rows that nothing but a person leads to the tenant, who may be a member of several."""
        predicate = self._by_nothing_else(reference)
        count = self._reading.count(self._closure.table(reference.table), predicate) if predicate.among else 0
        if count:
            labels = ", ".join((*self._labels(reference), reference.label))
            yield Problem(
                where=reference.name,
                what=f"{count} row(s) lead to the tenant by {reference} alone, and {reference.parent} may be several"
                " tenants': whose these rows are, nobody can say",
                count=count,
                next=f"say which references decide: scope.paths: {{{reference.table}: [{labels}]}}, or without"
                f" {reference.label}: then they stay",
            )

    def _by_nothing_else(self, reference: Reference) -> AnyOf:
        """Rows that point at the tenant's by this reference, where every other way to a tenant is empty."""
        table = self._closure.table(reference.table)
        pointing = self._closure.pointing(reference, self._closure.owned_keys(reference))
        ways = [path.columns for path in self._classified.paths[table.name]]
        ways += [(column,) for column in named_columns(self._rules.root, table)]
        nullable = [[name for name in way if table.column(name).nullable] for way in ways]
        return AnyOf(among=tuple(_where_empty(pointing, names) for names in product(*nullable)))

    def _labels(self, reference: Reference) -> list[str]:
        return list(dict.fromkeys(path.label for path in self._classified.paths[reference.table]))


def _where_empty(pointing: Among, names: tuple[str, ...]) -> Among:
    if not names:
        return pointing
    held = pointing.when or Matching(columns=(), values=())
    empty = tuple(name for name in dict.fromkeys(names) if name not in held.columns)
    columns, values = (*held.columns, *empty), (*held.values, *(None for _ in empty))
    return replace(pointing, when=Matching(columns=columns, values=values))
