"""What each table is to the tenant, decided from schema and plan alone: owned, shared, excluded, or nothing yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mappings.nearest import nearest
from migrator.contracts import Matching
from migrator.engine.named import require_known
from migrator.engine.roots import is_of_others, is_whole, marks
from migrator.engine.views import UNREACHED
from migrator.plan import ColumnRoot, DeclaredReference, SchemaRoot, ScopeRules, root_rows
from storage.errors import Misuse
from storage.problem import Problem
from storage.schema import Schema, Table

OWNED, SHARED, EXCLUDED, FOREIGN, UNCLASSIFIED = "owned", "shared", "excluded", "foreign", "unclassified"
"""What a table is to the tenant; foreign: it lies in a schema that the plan calls another tenant's."""
ELSEWHERE = "elsewhere"
"""What a table is that rows point at, and that the source does not show: it lies in another database, say."""
_UNDECIDED = (
    "name it under scope.shared or scope.excluded (with a reason), or declare its reference under scope.references"
)
_OUTSIDE = (
    "it lies outside of the tenant's schema: name it under scope.shared or scope.excluded (with a reason), its schema"
    " under `others` of the root, or the reference that makes its rows the tenant's under scope.paths"
)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Columns of one table that point at columns of another, declared by the source or by the plan."""

    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    when: Matching | None = None  # a polymorphic reference holds only where its type column says so
    unless: str | None = None  # it makes a row the tenant's only where this column does not say whose it is

    @property
    def condition(self) -> Matching | None:
        """What must be true of a row's other columns for this reference to count."""
        if self.unless is None:
            return self.when
        columns, values = (self.when.columns, self.when.values) if self.when else ((), ())
        return Matching(columns=(*columns, self.unless), values=(*values, None))

    @property
    def told_by(self) -> tuple[str, ...]:
        """The columns of a row that decide what it points at."""
        return (*self.columns, *(self.when.columns if self.when else ()))

    @property
    def label(self) -> str:
        """`columns` as the plan names them: joined by +."""
        return "+".join(self.columns)

    @property
    def exact_label(self) -> str:
        """What names it alone where its columns hold keys of several tables: the type column and its value."""
        return "=".join(map(str, (*self.when.columns, *self.when.values))) if self.when else self.label

    @property
    def name(self) -> str:
        return f"{self.table}.{self.label}"

    def __str__(self) -> str:
        only = f" where {self.when.columns[0]} = {self.when.values[0]!r}" if self.when else ""
        return f"{self.name} → {self.parent}.{'+'.join(self.parent_columns)}{only}"


@dataclass(frozen=True, kw_only=True)
class Classified:
    classes: dict[str, str]
    references: tuple[Reference, ...]
    elsewhere: tuple[Reference, ...]  # those that lead to tables the source does not show
    paths: dict[str, tuple[Reference, ...]]  # owned table → the references that carry ownership
    whole: frozenset[str]  # owned tables all of whose rows are the tenant's, for where they lie
    members: tuple[Reference, ...]  # those whose parents belong to whom the rows that point at them belong to
    problems: tuple[Problem, ...]

    def references_of(self, table: str) -> tuple[Reference, ...]:
        return tuple(reference for reference in self.references if reference.table == table)

    def class_of(self, table: str) -> str:
        return self.classes.get(table, ELSEWHERE)


def classify(schema: Schema, rules: ScopeRules) -> Classified:
    """Misuse where the plan names what the source does not have; a table no rule reaches is a problem, not a guess."""
    require_known(schema, rules)
    shown = set(schema.table_names)
    declared = tuple(dict.fromkeys(_declared_by_source(schema)))
    references = (*(one for one in declared if one.parent in shown), *_declared_by_plan(schema, rules))
    elsewhere = tuple(one for one in declared if one.parent not in shown)
    _require_paths(rules, references)
    _require_foreign(rules, (*references, *elsewhere))
    stated = _stated(schema, rules)
    members = tuple(_members(rules, references))
    owned = _owned(schema, rules, references, members, stated)
    classes = {
        table.name: stated.get(table.name) or (OWNED if table.name in owned else UNCLASSIFIED)
        for table in schema.tables
    }
    paths = {name: tuple(_paths(schema.table(name), rules, references, owned)) for name in owned}
    unclassified = tuple(
        Problem(
            where=name,
            what="unclassified: no ownership path leads from this table to the tenant",
            next=_undecided(schema.table(name), rules),
        )
        for name, class_ in classes.items()
        if class_ == UNCLASSIFIED
    )
    problems = (*(guess.question for guess in rules.guesses), *unclassified)
    whole = frozenset(name for name in owned if is_whole(rules.root, schema.table(name), schema))
    return Classified(
        classes=classes,
        references=references,
        elsewhere=elsewhere,
        paths=paths,
        whole=whole,
        members=members,
        problems=problems,
    )


def _undecided(table: Table, rules: ScopeRules) -> str:
    if table.is_view:
        return UNREACHED.format(name=table.name)
    return _OUTSIDE if isinstance(rules.root, SchemaRoot) else _UNDECIDED


def _stated(schema: Schema, rules: ScopeRules) -> dict[str, str]:
    """What the plan says of tables by their names, or by the names of their schemas."""
    foreign = (table.name for table in schema.tables if is_of_others(rules.root, table, schema))
    stated = {**dict.fromkeys(rules.shared, SHARED), **dict.fromkeys(rules.excluded, EXCLUDED)}
    return {**dict.fromkeys(foreign, FOREIGN), **stated}


def _owned(
    schema: Schema,
    rules: ScopeRules,
    references: tuple[Reference, ...],
    members: tuple[Reference, ...],
    stated: dict[str, str],
) -> frozenset[str]:
    """The tables with rows of the tenant: those the root tells rows of, and what leads to these or belongs to them."""
    leading = [reference for reference in references if _leads(reference, schema, rules)]
    owned = _started(schema, rules, stated)
    while grown := (
        {reference.table for reference in leading if reference.parent in owned}
        | {reference.parent for reference in members if reference.table in owned}
    ) - {*owned, *stated}:
        owned |= grown
    return frozenset(owned)


def _started(schema: Schema, rules: ScopeRules, stated: dict[str, str]) -> set[str]:
    named = {one.table for one in root_rows(rules.root)}
    if named:
        return named
    root, free = rules.root, [table for table in schema.tables if table.name not in stated]
    owned = {table.name for table in free if is_whole(root, table, schema) or marks(root, table)}
    if isinstance(root, ColumnRoot) and not owned:
        known = sorted({column for table in schema.tables for column in table.column_names})
        raise Misuse(f"no table has a column {root.column!r}", where=root.at, next=nearest(root.column, known))
    return owned


def _leads(reference: Reference, schema: Schema, rules: ScopeRules) -> bool:
    """Whether the reference may make tables the tenant's: of those in other schemas than his, the plan says which."""
    if not _chosen(reference, rules):
        return False
    is_asked = reference.table in rules.paths or schema.table(reference.table).is_view
    return is_asked or not isinstance(rules.root, SchemaRoot)


def _chosen(reference: Reference, rules: ScopeRules) -> bool:
    """What points at somebody who may be several tenants' says nothing of whose it is, unless the plan says so."""
    if reference.table in rules.paths:
        return not {reference.label, reference.exact_label}.isdisjoint(rules.paths[reference.table])
    return reference.parent not in rules.members


def _paths(
    table: Table, rules: ScopeRules, references: tuple[Reference, ...], owned: frozenset[str]
) -> Iterable[Reference]:
    root = rules.root
    if table.name in {one.table for one in root_rows(root)} and table.name not in rules.paths:
        return  # the root's rows are named by the plan; nothing it points at makes a row the tenant's
    unless = root.column if isinstance(root, ColumnRoot) and root.column in table.column_names else None
    for reference in references:
        if reference.table == table.name and reference.parent in owned and _chosen(reference, rules):
            yield replace(reference, unless=unless)


def _require_paths(rules: ScopeRules, references: tuple[Reference, ...]) -> None:
    for name, labels in rules.paths.items():
        known = {label for one in references if one.table == name for label in (one.label, one.exact_label)}
        for label in labels:
            if label not in known:
                where = rules.lines[f"paths.{name}"]
                raise Misuse(f"{name} has no reference {label!r}", where=where, next=nearest(label, known))


def _require_foreign(rules: ScopeRules, references: tuple[Reference, ...]) -> None:
    """A policy of what is no reference would be heeded by nobody."""
    known = {reference.name for reference in references}
    for name in rules.foreign:
        if name not in known:
            next_ = f"{nearest(name, known)}; or declare it under scope.references"
            raise Misuse(f"{name} is no reference", where=rules.lines[f"foreign.{name}"], next=next_)


def _members(rules: ScopeRules, references: tuple[Reference, ...]) -> Iterable[Reference]:
    """The references by which rows of `scope.members` belong to whom the rows that point at them belong to."""
    for name, labels in rules.members.items():
        leading = {reference.name: reference for reference in references if reference.parent == name}
        for label in labels:
            where = rules.lines[f"members.{name}"]
            if label not in leading:
                raise Misuse(f"no reference {label!r} leads to {name}", where=where, next=nearest(label, leading))
            table = leading[label].table
            for said, tables in (("shared", rules.shared), ("excluded", rules.excluded)):
                if table in tables:
                    raise Misuse(
                        f"{table} is {said}, so its rows say of nobody whose they are",
                        where=where,
                        next=f"take it out of scope.{said}, or name a reference of the tenant's own rows",
                    )
            yield from (reference for reference in references if reference.name == label and reference.parent == name)


def _declared_by_source(schema: Schema) -> Iterable[Reference]:
    """What its tables declare, and what rows of partitions point at though their table says nothing of it."""
    keys = ((table.name, key) for table in schema.tables for key in table.foreign_keys)
    for name, key in (*keys, *schema.of_partitions):
        yield Reference(table=name, columns=key.columns, parent=key.parent, parent_columns=key.parent_columns)


def _declared_by_plan(schema: Schema, rules: ScopeRules) -> Iterable[Reference]:
    for declared in rules.references:
        yield from _declared(schema, declared)


def _declared(schema: Schema, declared: DeclaredReference) -> Iterable[Reference]:
    if declared.parent:
        yield Reference(
            table=declared.table,
            columns=declared.columns,
            parent=declared.parent,
            parent_columns=declared.parent_columns,
        )
    for value, parent in declared.types:
        yield Reference(
            table=declared.table,
            columns=declared.columns,
            parent=parent,
            parent_columns=schema.table(parent).primary_key,
            when=Matching(columns=(declared.type_column or "",), values=(value,)),
        )
