"""What makes it doubtful whose a row is, though the plan says it: marks, keys and spellings that contradict its rules.

A tenant's rows are found by rules that a person wrote. Where the source itself says something else, nobody may have
noticed: a row of a shared table that names another tenant, a reference to a key that several tenants have, a key that
only its case tells from one of ours. Each is a question, and none is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator

from mappings.quote import identifier as quoted
from migrator.contracts import Among, Matching, Predicate, Reading
from migrator.engine.classify import OWNED, SHARED, Classified, Reference
from migrator.engine.closure import Closure
from migrator.engine.equality import as_text, is_value
from migrator.engine.keysets import STUB
from migrator.engine.workbench import QueryKeys, Workbench
from migrator.plan import ColumnRoot, ScopeRules
from storage.problem import Problem
from storage.schema import Kind, Table, Type


def is_key(table: Table, columns: tuple[str, ...]) -> bool:
    """Whether no two rows of the table have the same values in these columns, as the table declares it."""
    keys = [table.primary_key, *(unique.columns for unique in table.unique)]
    return any(key and set(key) <= set(columns) for key in keys)


def names_another(alias: str, table: Table, root: ColumnRoot) -> str:
    """The condition that a row names another tenant than the root; one that names nobody is everybody's."""
    column = table.column(root.column)
    return f"{alias}.{quoted(column.name)} IS NOT NULL AND ({is_value(alias, column, root.value)}) IS NOT TRUE"


class Doubts:
    """Of a closure that is found; asks the source by key, never for all of a table."""

    def __init__(
        self, reading: Reading, rules: ScopeRules, classified: Classified, closure: Closure, workbench: Workbench
    ) -> None:
        self._reading = reading
        self._rules = rules
        self._classified = classified
        self._closure = closure
        self._workbench = workbench

    def problems(self) -> Iterator[Problem]:
        for name, class_ in self._classified.classes.items():
            if class_ in (OWNED, SHARED):
                yield from self._in_another_case(name)
            if class_ == SHARED:
                yield from self._of_others(name)
        for reference in self._classified.references:
            if {self._class(reference.table), self._class(reference.parent)} <= {OWNED, SHARED}:
                yield from self._ambiguous(reference)
                yield from self._misspelled(reference)

    def _class(self, name: str) -> str:
        return self._classified.classes[name]

    def _in_another_case(self, name: str) -> Iterator[Problem]:
        """The root's column, as most databases read names, under a name that no rule of the plan means."""
        root, names = self._rules.root, self._closure.table(name).column_names
        if not isinstance(root, ColumnRoot) or root.column in names:
            return
        for column in names:
            if column.lower() == root.column.lower():
                yield Problem(
                    where=f"{name}.{column}",
                    what=f"this may be {root.column} in another case, and nobody looks whom it names",
                    next=f"call it {root.column} in the source, as others do, or name {name} under scope.excluded",
                )

    def _of_others(self, name: str) -> Iterator[Problem]:
        """Rows of a shared table that name another tenant."""
        root, table = self._rules.root, self._closure.table(name)
        if not isinstance(root, ColumnRoot) or root.column not in table.column_names:
            return
        column = table.column(root.column)
        rows = f"FROM own.{quoted(name)} t WHERE {names_another('t', table, root)}"
        if count := self._workbench.one(f"SELECT count(*) {rows}"):
            named = self._workbench.rows(f"SELECT DISTINCT {as_text('t', column)} {rows} ORDER BY 1 LIMIT 10")
            yield Problem(
                where=f"{name}.{column.name}",
                what=f"{count} row(s) of this shared table name another tenant",
                count=count,
                examples=tuple(str(row[0]) for row in named),
                next=f"take {name} out of scope.shared: its rows are the tenant's by this column, and"
                " scope.foreign says what of others comes along",
            )

    def _ambiguous(self, reference: Reference) -> Iterator[Problem]:
        """Keys that rows point at and that more rows of the parent have than were taken."""
        parent = self._closure.table(reference.parent)
        if is_key(parent, reference.parent_columns):
            return
        if reference in self._classified.members:
            yield Problem(
                where=reference.name,
                what=f"{parent.name}.{'+'.join(reference.parent_columns)} is no key: whom a row means cannot be told",
                next=f"declare the reference by a key of {parent.name}: scope.references, columns and to",
            )
            return
        keys, taken = self._closure.pointed_at(reference)
        others = self._reading.count(parent, Among(columns=reference.parent_columns, keys=keys)) - taken
        if others > 0:
            yield Problem(
                where=reference.name,
                what=f"{parent.name}.{'+'.join(reference.parent_columns)} is no key: {others} row(s) that are not the"
                " tenant's have the same values there, so whose rows are meant cannot be told",
                count=others,
                next="declare the reference by all columns of the key it points at: scope.references, columns and to",
            )

    def _misspelled(self, reference: Reference) -> Iterator[Problem]:
        """Rows that point at nothing, by a key that only its case or its blanks tell from one of the tenant's."""
        keys = self._spelled_otherwise(reference)
        if keys is None or not len(keys):
            return
        child, parent = self._closure.table(reference.table), self._closure.table(reference.parent)
        of = (parent.column(reference.parent_columns[0]),)
        pointing = Among(columns=reference.columns, keys=keys, when=reference.when, of=of)
        spelled = self._texts(child, pointing, reference.columns)
        lost = [text for text in spelled if not self._texts(parent, _of(text, reference), reference.parent_columns)]
        if lost:
            yield Problem(
                where=reference.name,
                what="rows point at nothing, by a key that only its case or its blanks tell from one of the tenant's",
                count=len(lost),
                examples=tuple(lost[:10]),
                next="write the keys alike in the source, or say what the column means: scope.excluded, scope.shared",
            )

    def _texts(self, table: Table, predicate: Predicate, columns: tuple[str, ...]) -> list[str]:
        """The values of one column that there are, each once."""
        batches = self._reading.scan(table, predicate, columns=columns, distinct=True)
        return sorted(text for batch in batches for text in batch.column(columns[0]).to_pylist())

    def _spelled_otherwise(self, reference: Reference) -> QueryKeys | None:
        """Other spellings of the tenant's keys; None where the source sees to it that they point at something."""
        child, parent = self._closure.table(reference.table), self._closure.table(reference.parent)
        kept = any((key.columns, key.parent) == (reference.columns, parent.name) for key in child.foreign_keys)
        columns = [child.column(reference.columns[0]), parent.column(reference.parent_columns[0])]
        if kept or len(reference.columns) > 1 or {column.type.kind for column in columns} != {Kind.TEXT}:
            return None
        is_mark = isinstance(self._rules.root, ColumnRoot) and reference.columns == (self._rules.root.column,)
        if self._class(parent.name) != OWNED and not is_mark:
            return None
        key = quoted(columns[1].name)
        held = f"own.{quoted(parent.name)} WHERE migrator_class <> '{STUB}' AND {key} IS NOT NULL"
        known = f"SELECT {key} AS k FROM {held}"
        spelled = f"SELECT unnest([{', '.join(_SPELLINGS)}]) AS k0 FROM ({known})"
        query = f"SELECT DISTINCT k0 FROM ({spelled}) WHERE k0 NOT IN ({known}) ORDER BY ALL"
        return QueryKeys(workbench=self._workbench, query=query, types=(Type(kind=Kind.TEXT),))


_SPELLINGS = ("lower(k)", "upper(k)", "upper(left(k, 1)) || lower(substr(k, 2))", "trim(k)", "k || ' '")


def _of(text: str, reference: Reference) -> Matching:
    return Matching(columns=reference.parent_columns, values=(text,))
