"""Rows that lead to the tenant by a reference of which the plan does not say whether it makes them the tenant's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from migrator.contracts import AnyOf, Matching, Reading, Scalar
from migrator.engine.classify import Classified, Reference
from migrator.engine.closure import Closure
from migrator.engine.roots import named_columns
from migrator.plan import ColumnRoot, ScopeRules, root_rows
from storage.problem import Problem
from storage.schema import Table


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
            next="say whether they are the tenant's:"
            f" scope.paths: {{{reference.table}: [{reference.exact_label}]}}, or []",
        )

    def _hanging(self, reference: Reference) -> Iterator[Problem]:
        """Rows that nothing but a person leads to the tenant, who may be a member of several."""
        count = self._by_nothing_else(reference)
        if count > 0:
            labels, own = self._labels(reference), reference.exact_label
            yield Problem(
                where=reference.name,
                what=f"{count} row(s) lead to the tenant by {reference} alone, and {reference.parent} may be several"
                " tenants': whose these rows are, nobody can say",
                count=count,
                next=f"say which references decide: scope.paths: {{{reference.table}: [{', '.join((*labels, own))}]}},"
                f" or without {own}: then they stay",
            )

    def _by_nothing_else(self, reference: Reference) -> int:
        """How many rows that were not taken point at the tenant's by this reference, every other way to one empty."""
        table = self._closure.table(reference.table)
        pointing = self._closure.pointing(reference, self._closure.owned_keys(reference))
        cases = tuple(self._where_all_else_is_empty(reference))
        predicate = AnyOf(among=tuple(replace(pointing, when=case if case.columns else None) for case in cases))
        return self._reading.count(table, predicate) - self._closure.leading_in(reference, cases) if cases else 0

    def _where_all_else_is_empty(self, reference: Reference) -> Iterator[Matching]:
        """What else is true of such a row: what its type columns say, and a column that is empty of each way left."""
        table = self._closure.table(reference.table)
        ways = [(path.columns, path.when) for path in self._classified.paths[table.name]]
        ways += [((column,), None) for column in sorted(named_columns(self._rules.root, table))]
        for said in self._said(reference, [when.columns[0] for _, when in ways if when]):
            taken = [columns for columns, when in ways if not when or said[when.columns[0]] == when.values[0]]
            free = [
                [name for name in columns if name not in reference.columns and _may_be_empty(name, table, said)]
                for columns in taken
            ]
            for names in _least(free):
                held = {**said, **dict.fromkeys(names)}
                yield Matching(columns=tuple(held), values=tuple(held.values()))

    def _said(self, reference: Reference, type_columns: Iterable[str]) -> Iterator[dict[str, Scalar]]:
        """What these type columns may say where the reference holds; a type that no reference knows is red anyway."""
        table = self._closure.table(reference.table)
        types: dict[str, dict[Scalar, None]] = {
            name: {None: None} if table.column(name).nullable else {} for name in type_columns
        }
        for one in self._classified.references_of(table.name):
            if one.when and one.when.columns[0] in types:
                types[one.when.columns[0]][one.when.values[0]] = None
        if reference.when:
            types[reference.when.columns[0]] = {reference.when.values[0]: None}
        for values in product(*types.values()):
            yield dict(zip(types, values, strict=True))

    def _labels(self, reference: Reference) -> list[str]:
        return list(dict.fromkeys(path.exact_label for path in self._classified.paths[reference.table]))


def _may_be_empty(name: str, table: Table, said: Mapping[str, Scalar]) -> bool:
    return table.column(name).nullable and said.get(name) is None


def _least(ways: Iterable[Sequence[str]]) -> list[tuple[str, ...]]:
    """The smallest sets of columns that have one of each way; none where a way has none."""
    found: set[frozenset[str]] = {frozenset()}
    for columns in ways:
        grown = {names if not names.isdisjoint(columns) else names | {name} for names in found for name in columns}
        found = {names for names in grown if not any(other < names for other in grown)}
    return sorted(tuple(sorted(names)) for names in found)
