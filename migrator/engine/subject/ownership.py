"""Which of a tenant's tables hold what is about one person, and by which reference: from the schema and the plan alone.

What the schema leaves open is a question, and what nobody said is about the person stays behind: a doubt never shows
one person's data to another.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from migrator.engine.classify import OWNED, SHARED, Classified, Reference
from migrator.engine.draft.meaning import Meaning, Meanings, Why
from migrator.engine.draft.vocabulary import Vocabulary
from migrator.engine.draft.words import among
from migrator.engine.scope import blanked
from migrator.engine.subject.columns import ColumnQuestions, Leaving, attachments_left, withheld_by
from migrator.engine.subject.person import OPTION, Person
from migrator.plan import DeclaredReference, ScopeRules, SubjectRules, root_rows
from migrator.plan.written import KEY
from storage.errors import Misuse
from storage.problem import Problem
from storage.schema import Kind, Schema, Table

NOT_ABOUT = "nothing leads from it to the person"
PEOPLE_STAY = "its rows are other people"
VIEW_STAYS = "a view: what it shows of the person stands in the tables it reads"
_SILENT = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.UUID})
"""Keys that say nothing of whose they are."""
_NAMES = frozenset({Why.NAMED, Why.ENDS_NAMED, Why.SHORT, Why.ROLE})


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """The scope of a person's export; `questions` is empty where everything about it is decided.

    `people` are the tables whose rows may be people, the person's own among them.
    """

    rules: ScopeRules
    people: frozenset[str]
    questions: tuple[Problem, ...]


def owned_by(person: Person, schema: Schema, tenant: Classified, rules: ScopeRules) -> Ownership:
    """The tenant's scope narrowed to the person: the root is their row, and other people's rows are keys."""
    found = _Finder(person, schema, tenant, rules)
    found.decide()
    unseen = {name: why for name, why in rules.excluded.items() if name not in schema.table_names}
    excluded = unseen | {table.name: found.reason(table) for table in schema.tables if found.stays(table.name)}
    foreign = dict(found.policies())
    withheld = withheld_by(found.said, schema)
    columns = ColumnQuestions(person.table.name, found.said, rules, tenant.references)
    found.questions += [question for leaving in found.leaving() for question in columns.of(leaving)]
    narrowed = replace(
        rules,
        root=person.root,
        shared=dict.fromkeys(found.shared, "referenced"),
        excluded=excluded,
        paths=found.paths,
        foreign=foreign,
        withheld=withheld,
        attachments=tuple(
            attachments_left((rule for rule in rules.attachments if rule.table not in excluded), withheld)
        ),
        accept={name: why for name, why in rules.accept.items() if not _lies_in(name, excluded)},
        references=tuple(one for one in rules.references if _is_there(one, schema)),
        guesses=(),
        subjects={},
        members={},
        lines={
            **rules.lines,
            **_said_here("shared", found.shared),
            **_said_here("excluded", excluded),
            **_said_here("paths", found.paths),
            **_said_here("foreign", foreign),
            **found.said.lines,
        },
    )
    return Ownership(rules=narrowed, people=frozenset(found.people), questions=tuple(found.questions))


def _said_here(kind: str, names: Iterable[str]) -> dict[str, str]:
    return {f"{kind}.{name}": OPTION for name in names}


def _is_there(reference: DeclaredReference, schema: Schema) -> bool:
    """Whether both of its ends are the tenant's: whole tables may be others'."""
    ends = {reference.table, *([reference.parent] if reference.parent else ()), *dict(reference.types).values()}
    return ends <= set(schema.table_names)


def _lies_in(label: str, tables: dict[str, str]) -> bool:
    return any(label.startswith(f"{name}.") for name in tables)


class _Finder:
    def __init__(self, person: Person, schema: Schema, tenant: Classified, rules: ScopeRules) -> None:
        self.said = rules.subjects.get(person.table.name, SubjectRules())
        self.paths: dict[str, tuple[str, ...]] = {}
        self.questions: list[Problem] = []
        self._person = person.table.name
        self._schema = schema
        self._rules = rules
        self._tenant = tenant
        self._roots = {one.table for one in root_rows(rules.root)}
        self._meanings = Meanings(schema.tables)
        self._named: dict[str, tuple[str, ...]] = {}
        self.people = self._tables_of_people()
        self.shared = {name for name, class_ in tenant.classes.items() if class_ == SHARED and self._is_shared(name)}
        self.shared |= set(self.said.shared)
        self._open = {
            table.name
            for table in schema.tables
            if tenant.classes[table.name] == OWNED and not table.is_view and not self._is_said(table.name)
        } - {self._person, *self._roots}

    # ── what the schema and the plan say ────────────────────────────────────────────────────────────────────
    def _tables_of_people(self) -> set[str]:
        called = {t.name for t in self._schema.tables if among(self._meanings.called(t), Vocabulary.PEOPLE)}
        return ((called | self._rules.subjects.keys()) - self._above()) | {self._person}

    def _above(self) -> set[str]:
        """The tables by which the person is the tenant's: a customer company may be called so, too."""
        above = set(self._roots)
        reached = {self._person}
        while reached:
            parents = {path.parent for name in reached for path in self._tenant.paths.get(name, ())}
            reached = {name for name in parents if name in self._leading_up() and name not in above} - {self._person}
            above |= reached
        return above

    def _leading_up(self) -> set[str]:
        """Tables that point at no person: only these can be what people belong to."""
        pointing = {reference.table for reference in self._tenant.references if reference.parent == self._person}
        return set(self._schema.table_names) - pointing

    def _is_shared(self, name: str) -> bool:
        return name != self._person and name not in self.people and name not in self.said.excluded

    def _is_said(self, name: str) -> bool:
        return name in self.said.excluded or name in self.said.shared or name in self.said.paths

    def _references(self, name: str) -> list[Reference]:
        return [reference for reference in self._tenant.references if reference.table == name]

    def _naming(self, name: str) -> tuple[str, ...]:
        """The columns by which a row names people: references, and what is called like one that nobody declared."""
        if name not in self._named:
            self._named[name] = self._found_naming(name)
        return self._named[name]

    def _found_naming(self, name: str) -> tuple[str, ...]:
        declared = (r.label for r in self._references(name) if r.parent in self.people)
        return tuple(dict.fromkeys((*declared, *dict(self._called_like(self._schema.table(name), self.people)))))

    def _called_like(self, table: Table, people: set[str]) -> Iterator[tuple[str, Meaning]]:
        """Columns that nobody declared as references, and that are called like one to rows of these tables."""
        known = {column for r in self._tenant.references if r.table == table.name for column in r.columns}
        for column in table.columns:
            if column.name not in known:
                for meaning in self._meanings.of(table, column):
                    if meaning.parent.name in people and meaning.why in _NAMES:
                        yield column.name, meaning
                        break

    def _direct(self, name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(r.label for r in self._references(name) if r.parent == self._person))

    def _belongs_to(self, name: str) -> bool:
        """Whether people hang on rows of this table: a team is not its leader's."""
        return any(reference.parent == name for reference in self._references(self._person))

    # ── deciding ────────────────────────────────────────────────────────────────────────────────────────────
    def decide(self) -> None:
        """Tables that name the person, then what hangs on their rows."""
        if self._person in self.said.paths:
            raise Misuse(
                f"{self._person} has paths of its own, and the person is one row of it",
                where=self.said.lines[f"paths.{self._person}"],
                next="leave it out: other people's rows are never theirs",
            )
        self.paths.update({name: paths for name, paths in self.said.paths.items() if name not in self.said.excluded})
        for name in sorted(self._open):
            if self._direct(name):
                self._open.discard(name)
                self._decide_direct(name)
        while hanging := {name: found for name in sorted(self._open) if (found := self._hanging(name))}:
            for name, references in hanging.items():
                self._open.discard(name)
                self._decide_hanging(name, references)
        for name in sorted(self._open):
            self._decide_called(name)

    def _decide_called(self, name: str) -> None:
        """What no reference leads to the person may be theirs by one that nobody declared."""
        for column, meaning in itertools.islice(self._called_like(self._schema.table(name), {self._person}), 1):
            subject = f"scope.subjects: {{{self._person}: {{excluded: {{{name}: reason}}}}}}"
            self.questions.append(
                Problem(
                    where=f"{name}.{column}",
                    what=f"is called like one of {self._person}, and no reference says so: are such rows the person's?",
                    next=f"declare it: scope.references: [{{table: {name}, column: {column}, to: {meaning}}}],"
                    f" or leave the table out: {subject}",
                )
            )

    def _decide_direct(self, name: str) -> None:
        direct, naming = self._direct(name), self._naming(name)
        stated = tuple(label for label in self._rules.paths.get(name, ()) if label in direct)
        if self._belongs_to(name):
            self._ask(name, f"the person belongs to its rows, and is named there by {_listed(direct)}", direct)
        elif len(naming) == 1 and (name not in self.people or self._is_one_to_one(name)):
            self.paths[name] = direct
        elif stated and name not in self.people:
            self.paths[name] = stated  # the plan says already whose such a row is
        elif name in self.people:
            self._ask(name, f"its rows may be people themselves, and lead to the person by {_listed(direct)}", direct)
        else:
            self._ask(name, f"a row names several people, by {_listed(naming)}: whose is it?", direct)

    def _is_one_to_one(self, name: str) -> bool:
        """A row that is the rest of the person's own."""
        table = self._schema.table(name)
        keys = {frozenset(key) for key in (table.primary_key, *(unique.columns for unique in table.unique)) if key}
        return any(frozenset(r.columns) in keys for r in self._references(name) if r.parent == self._person)

    def _hanging(self, name: str) -> list[Reference]:
        return [reference for reference in self._references(name) if reference.parent in self.paths]

    def _decide_hanging(self, name: str, references: list[Reference]) -> None:
        labels = tuple(dict.fromkeys(reference.label for reference in references))
        met = [reference.parent for reference in references if self._is_a_meeting_place(reference.parent, name)]
        if naming := self._naming(name):
            self._ask(
                name, f"its rows hang on the person's by {_listed(labels)}, and name others by {naming[0]}", labels
            )
        elif name in self.people:
            self._ask(name, f"its rows may be people themselves, and hang on the person's by {_listed(labels)}", labels)
        elif met:
            self._ask(
                name, f"its rows hang on the person's {met[0]}, as those of other people do: whose are they?", labels
            )
        else:
            self.paths[name] = labels

    def _is_a_meeting_place(self, parent: str, beside: str) -> bool:
        """Whether rows that name people hang on rows of this table: a group has members, a post has comments."""
        hanging = {r.table for r in self._tenant.references if r.parent == parent} - {parent, beside}
        return any(name in self.people or self._naming(name) for name in hanging)

    def _ask(self, name: str, what: str, labels: tuple[str, ...]) -> None:
        subject = f"scope.subjects: {{{self._person}: "
        self.questions.append(
            Problem(
                where=name,
                what=what,
                next=f"say what is the person's: {subject}{{paths: {{{name}: [{', '.join(labels)}]}}}}}},"
                f" or leave it out: {subject}{{excluded: {{{name}: reason}}}}}}",
            )
        )

    def leaving(self) -> Iterator[Leaving]:
        """The tables of the export, and the columns by which their rows name people."""
        for table in self._schema.tables:
            name = table.name
            if not self.stays(name):
                direct = [label for label in self.paths.get(name, ()) if label in self._direct(name)]
                own = tuple(direct) if len(direct) == 1 else ()  # of two, each may be the other's
                others = tuple(label for label in self._naming(name) if label not in own)
                yield Leaving(table=table, own=own, others=others, is_shared=name in self.shared)

    # ── what stays, and what becomes of references to it ────────────────────────────────────────────────────
    def stays(self, name: str) -> bool:
        return name not in self.paths and name not in self.shared and name != self._person

    def reason(self, table: Table) -> str:
        said = self.said.excluded.get(table.name) or self._rules.excluded.get(table.name)
        if said:
            return said
        if table.is_view:
            return VIEW_STAYS
        return PEOPLE_STAY if table.name in self.people else NOT_ABOUT

    def policies(self) -> Iterator[tuple[str, str]]:
        """For each reference of the export: a key that says nothing of whose it is stays, and no row comes."""
        yield from self.said.foreign.items()
        for reference in (*self._tenant.references, *self._tenant.elsewhere):
            if self.stays(reference.table) or reference.parent in self.shared or reference.name in self.said.foreign:
                continue
            if reference.parent not in self._schema.table_names:  # what the tenant's plan says holds
                if said := self._rules.foreign.get(reference.name):
                    yield reference.name, said
            elif not self._tells(reference) or self._never_leads_out(reference):
                yield reference.name, KEY
            elif self._can_be_freed(reference):
                yield reference.name, "null"
            else:
                self._ask_about_key(reference)

    def _tells(self, reference: Reference) -> bool:
        """Whether a key may say who somebody is: of people, or of what is somebody's."""
        parent = self._schema.table(reference.parent)
        if parent.name not in self.people and not self._naming(parent.name):
            return False
        return any(parent.column(name).type.kind not in _SILENT for name in reference.parent_columns)

    def _never_leads_out(self, reference: Reference) -> bool:
        return reference.parent == self._person and self.paths.get(reference.table) == (reference.label,)

    def _can_be_freed(self, reference: Reference) -> bool:
        return set(reference.columns) <= set(blanked(self._schema.table(reference.table), reference))

    def _ask_about_key(self, reference: Reference) -> None:
        self.questions.append(
            Problem(
                where=reference.name,
                what=f"its keys of {reference.parent} may say who other people are, and cannot be NULL",
                next=f"leave the table out, or accept the keys: scope.subjects: {{{self._person}:"
                f" {{foreign: {{{reference.name}: {KEY}}}}}}}",
            )
        )


def _listed(labels: tuple[str, ...]) -> str:
    return " and ".join(labels)
