"""Which rows of the source are the tenant's, table by table, and everything about it that somebody has to decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from migrator.contracts import Among, Matching, Reading
from migrator.engine.classify import EXCLUDED, FOREIGN, OWNED, SHARED, Classified, Reference, classify
from migrator.engine.closure import Closure
from migrator.engine.doubts import Doubts
from migrator.engine.keysets import CARRIED, STUB
from migrator.engine.roots import matching
from migrator.engine.unsaid import Unsaid
from migrator.engine.workbench import Workbench
from migrator.outcomes import Verdict
from migrator.plan import ColumnRoot, Plan, SchemaRoot, ScopeRules, root_rows
from migrator.plan.written import KEY
from storage.errors import Misuse
from storage.problem import Problem
from storage.schema import Schema, Table


@dataclass(frozen=True, kw_only=True)
class TableScope:
    """One table's part: `rows` leave, of which `carried` belong to other tenants in full and `stubs` by key only."""

    name: str
    class_: str
    path: str
    rows: int = 0
    carried: int = 0
    stubs: int = 0
    reason: str = ""
    parents: tuple[str, ...] = ()  # the tables it is owned through; none where the plan names its rows


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """A reference that leads out of the tenant's rows: how often, and what the plan says about it."""

    reference: str
    count: int
    policy: str  # carry | stub | null | key | dangling | excluded | undecided
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Scope:
    tables: tuple[TableScope, ...]
    crossings: tuple[Crossing, ...]
    left_behind: tuple[Crossing, ...]  # rows one of several paths leads to, but not the chosen ones
    unseen: tuple[TableScope, ...] = ()  # excluded tables that rows point at and that the source does not show
    problems: tuple[Problem, ...] = field(default=())

    @property
    def verdict(self) -> Verdict:
        return Verdict.of(not self.problems)

    @property
    def unclassified(self) -> tuple[str, ...]:
        return tuple(table.name for table in self.tables if table.class_ == "unclassified")


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A scope together with the key sets that select its rows."""

    scope: Scope
    classified: Classified
    closure: Closure
    rules: ScopeRules


def leaving(schema: Schema, classified: Classified) -> tuple[Table, ...]:
    """The tables of which rows leave."""
    return tuple(table for table in schema.tables if classified.classes[table.name] in (OWNED, SHARED))


def resolve(reading: Reading, plan: Plan, workbench: Workbench) -> Resolved:
    """Find the tenant's rows. Misuse on an unknown name or an empty root; what is undecided stands in `problems`."""
    rules = plan.needs_source().scope
    classified = classify(reading.schema, rules)
    _require_root(reading, rules, plan.tenant)
    closure = Closure(reading, rules, classified, workbench)
    closure.find()
    finder = _Finder(reading, rules, classified, closure)
    crossings = tuple(finder.crossings())
    doubts = tuple(Doubts(reading, rules, classified, closure, workbench).problems())
    return Resolved(
        scope=Scope(
            tables=tuple(finder.tables()),
            crossings=crossings,
            left_behind=tuple(finder.left_behind()),
            unseen=tuple(finder.unseen()),
            problems=(*classified.problems, *finder.problems, *doubts),
        ),
        classified=classified,
        closure=closure,
        rules=rules,
    )


def _require_root(reading: Reading, rules: ScopeRules, tenant: str) -> None:
    root = rules.root
    for one in root_rows(root):
        count = reading.count(reading.schema.table(one.table), matching(one))
        said = f"{one.table} where {' and '.join(f'{c} = {v!r}' for c, v in one.where)}"
        if not count:
            raise Misuse(
                f"tenant {tenant!r} not found: no row of {said}",
                where=one.at,
                next="`migrator inspect` lists tenant candidates with examples",
            )
        if count > 1:
            raise Misuse(
                f"the root names {count} rows: {said}",
                where=one.at,
                next="name the one row that is the tenant by its key",
            )
    if isinstance(root, ColumnRoot):
        predicate = Matching(columns=(root.column,), values=(root.value,))
        holding = [table for table in reading.schema.tables if root.column in table.column_names]
        if not any(reading.count(table, predicate) for table in holding):
            raise Misuse(
                f"tenant {tenant!r} not found: no row has {root.column} = {root.value!r}",
                where=root.at,
                next="`migrator inspect` lists tenant candidates with examples",
            )


def blanked(table: Table, reference: Reference) -> tuple[str, ...]:
    """The columns that the policy `null` sets to NULL: those that may be, and that do not tell the row apart."""
    return tuple(
        column for column in reference.columns if table.column(column).nullable and column not in table.primary_key
    )


class _Finder:
    """Reads the closure and says what a person should know; collects what is red in `problems`."""

    def __init__(self, reading: Reading, rules: ScopeRules, classified: Classified, closure: Closure) -> None:
        self._reading = reading
        self._rules = rules
        self._classified = classified
        self._closure = closure
        self._unsaid = Unsaid(reading, rules, classified, closure)
        self.problems: list[Problem] = []

    def tables(self) -> Iterator[TableScope]:
        for table in self._reading.schema.tables:
            class_ = self._classified.classes[table.name]
            held = class_ in (OWNED, SHARED)
            yield TableScope(
                name=table.name,
                class_=class_,
                path=self._path(table.name),
                rows=self._closure.count(table.name) if held else 0,
                carried=self._closure.count(table.name, CARRIED) if held else 0,
                stubs=self._closure.count(table.name, STUB) if held else 0,
                reason=self._rules.excluded.get(table.name, ""),
                parents=self._parents(table.name),
            )

    def unseen(self) -> Iterator[TableScope]:
        for name in dict.fromkeys(reference.parent for reference in self._classified.elsewhere):
            if name in self._rules.excluded:
                yield TableScope(name=name, class_=EXCLUDED, path="", reason=self._rules.excluded[name])

    def _parents(self, name: str) -> tuple[str, ...]:
        paths = self._classified.paths.get(name, ())
        if name in self._classified.whole or any(path.unless for path in paths):
            return ()
        return tuple(dict.fromkeys(path.parent for path in paths if path.parent != name))

    def _path(self, name: str) -> str:
        root = self._rules.root
        if name in self._rules.shared:
            return "all rows" if self._rules.shared[name] == "whole" else "rows that the tenant's rows point at"
        if name not in self._classified.paths:
            return ""
        if name in self._classified.whole:
            return f"all of schema {root.schema}" if isinstance(root, SchemaRoot) else "the whole database"
        members = [f"whom {reference} names" for reference in self._classified.members if reference.parent == name]
        if isinstance(root, ColumnRoot) and root.column in self._reading.schema.table(name).column_names:
            empty = [f"where it is empty, {path}" for path in self._classified.paths[name]]
            return "; ".join((f"{name}.{root.column} = {root.value}", *empty, *members))
        named = [
            f"{name} where {' and '.join(f'{c} = {v}' for c, v in one.where)}"
            for one in root_rows(root)
            if one.table == name
        ]
        return "; ".join((*named, *map(str, self._classified.paths[name]), *members))

    def crossings(self) -> Iterator[Crossing]:
        for reference in self._classified.references:
            if self._classified.classes[reference.table] not in (OWNED, SHARED):
                continue
            if self._classified.classes[reference.parent] == FOREIGN:
                yield from self._into_foreign(reference)
                continue
            if self._classified.classes[reference.parent] not in (OWNED, SHARED):
                yield from self._into_excluded(reference)
                continue
            count, examples = self._closure.crossing(reference)
            if count:
                yield self._judged(reference, count, examples)
        for reference in self._classified.elsewhere:
            if self._classified.classes[reference.table] in (OWNED, SHARED):
                yield from self._elsewhere(reference)
        self._require_known_types()

    def _into_excluded(self, reference: Reference) -> Iterator[Crossing]:
        count = len(self._closure.outside(reference))
        if count:
            freed = self._rules.foreign.get(reference.name) == "null" and self._blanked(reference)
            yield Crossing(reference=str(reference), count=count, policy="null" if freed else "excluded")

    def _into_foreign(self, reference: Reference) -> Iterator[Crossing]:
        """What lies in a schema of another tenant cannot come along, and its keys do not leave unasked."""
        count, examples = self._closure.crossing(reference)
        if not count:
            return
        freed = self._rules.foreign.get(reference.name) == "null" and self._blanked(reference)
        if not freed:
            what = f"{count} row(s) point at {reference.parent}, which lies in a schema of another tenant"
            next_ = f"set the reference to NULL, where it may be: scope.foreign: {{{reference.name}: null}}"
            self.problems.append(Problem(where=reference.name, what=what, count=count, examples=examples, next=next_))
        yield Crossing(reference=str(reference), count=count, policy="null" if freed else "undecided")

    def _elsewhere(self, reference: Reference) -> Iterator[Crossing]:
        """Whose the rows of another database are, nobody looked: the plan says why they are left out."""
        count, examples = self._closure.crossing(reference)
        if not count:
            return
        freed = self._rules.foreign.get(reference.name) == "null" and self._blanked(reference)
        said = "null" if freed else "excluded" if reference.parent in self._rules.excluded else "undecided"
        if said == "undecided":
            what = f"{count} row(s) point at {reference.parent}, which this source does not show"
            next_ = f"say why nothing of it leaves: scope.excluded: {{{reference.parent}: reason}}; rows of it that are"
            next_ += " the tenant's need a plan of their own"
            self.problems.append(Problem(where=reference.name, what=what, count=count, examples=examples, next=next_))
        yield Crossing(reference=str(reference), count=count, policy=said, examples=examples)

    def _judged(self, reference: Reference, count: int, examples: tuple[str, ...]) -> Crossing:
        keys = self._closure.parents_of(reference, outside=True)
        existing = self._reading.count(
            self._closure.table(reference.parent), Among(columns=reference.parent_columns, keys=keys)
        )
        policy = self._rules.foreign.get(reference.name)
        freed = policy == "null" and self._blanked(reference)
        if not existing or freed or policy == KEY:
            said = "null" if freed else KEY if existing else "dangling"
            return Crossing(reference=str(reference), count=count, policy=said, examples=examples)
        is_led = reference.table not in self._classified.whole
        by_path = is_led and reference in self._classified.paths.get(reference.table, ())
        by_path = by_path and self._closure.crosses_as_owned(reference)
        if policy == "null":
            what = f"{count} row(s) point at {reference.parent} of another tenant by a column that cannot be NULL"
            next_ = f"choose carry or stub: scope.foreign: {{{reference.name}: carry}}"
        elif by_path:
            what = f"{count} row(s) lead to this tenant by one path and to another tenant by {reference}"
            next_ = (
                f"say which references carry ownership: scope.paths: {{{reference.table}: [{self._others(reference)}]}}"
            )
        else:
            what = f"{count} row(s) point at {reference.parent} of another tenant"
            next_ = f"say what comes along: scope.foreign: {{{reference.name}: carry | stub | null}}"
        self.problems.append(Problem(where=reference.name, what=what, count=count, examples=examples, next=next_))
        return Crossing(reference=str(reference), count=count, policy="undecided", examples=examples)

    def _blanked(self, reference: Reference) -> tuple[str, ...]:
        return blanked(self._closure.table(reference.table), reference)

    def _others(self, reference: Reference) -> str:
        labels = [path.label for path in self._classified.paths[reference.table] if path.label != reference.label]
        return ", ".join(dict.fromkeys(labels)) or reference.label

    def _require_known_types(self) -> None:
        """A polymorphic type the plan does not know would leave rows behind without a word."""
        for declared in self._rules.references:
            if declared.type_column and self._classified.classes[declared.table] == OWNED:
                self.problems.extend(self._unknown_types(declared.table, declared.type_column, dict(declared.types)))

    def _unknown_types(self, name: str, column: str, types: dict[str, str]) -> Iterator[Problem]:
        unknown = self._closure.unknown_types(name, column, tuple(types))
        if unknown:
            yield Problem(
                where=f"{name}.{column}",
                what="types that the plan's reference does not know; rows of these types cannot be given to a tenant",
                count=len(unknown),
                examples=unknown[:10],
                next="add each to `types` of this reference, with the table it means",
            )

    def left_behind(self) -> Iterator[Crossing]:
        """Rows that a reference leads to this tenant by, and that stay with another; a problem where nobody said so."""
        for reference in self._classified.references:
            if reference in self._classified.paths.get(reference.table, ()):
                continue
            if {self._classified.classes[name] for name in (reference.table, reference.parent)} != {OWNED}:
                continue
            keys = self._closure.owned_keys(reference)
            source = self._closure.table(reference.table)
            left = self._reading.count(source, self._closure.pointing(reference, keys))
            left -= self._closure.leading_in(reference)
            if left <= 0:
                continue
            self.problems.extend(self._unsaid.problems(reference, left))
            yield Crossing(reference=str(reference), count=left, policy="left with the other tenant")
