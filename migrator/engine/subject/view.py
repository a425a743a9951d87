"""A snapshot's view of its source: all of the tenant, or what of it is about one person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from migrator.contracts import Reading
from migrator.engine.classify import EXCLUDED, OWNED, SHARED
from migrator.engine.scope import Resolved, resolve
from migrator.engine.subject.mentions import Mentions, MentionSearch
from migrator.engine.subject.other_people import OtherPeople, other_people
from migrator.engine.subject.ownership import Ownership, owned_by
from migrator.engine.subject.person import Person, find_person
from migrator.engine.subject.portable import Portable, write_portable
from migrator.engine.subject.sought import sought
from migrator.engine.subject.taken import Taken
from migrator.engine.subject.withheld import Withheld, WithheldColumn
from migrator.engine.subject.within import Within
from migrator.engine.workbench import Workbench, workbench
from migrator.plan import Plan, ScopeRules, SubjectRules
from storage.errors import Red
from storage.identity import Identity
from storage.problem import Problem
from storage.schema import Schema
from storage.writer import ArchiveWriter

MENTIONS, SUBJECT = "reports/mentions.json", "provenance/subject.json"


@dataclass(frozen=True, kw_only=True)
class Stayed:
    """A table that is not in a person's export, and why."""

    table: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SubjectReport:
    """What a person's export holds beside rows: `paths` are the references by which a row is about them."""

    table: str
    paths: tuple[str, ...]
    excluded: tuple[Stayed, ...]
    withheld: tuple[WithheldColumn, ...]
    other_people: tuple[OtherPeople, ...]
    mentions: Mentions


class View:
    """All of the tenant: nothing is added to the archive."""

    subject: str | None = None
    withheld = Withheld()

    def __init__(self, reading: Reading, plan: Plan) -> None:
        self.reading = reading
        self.plan = plan

    def add(self, _writer: ArchiveWriter, _identity: Identity, _resolved: Resolved, _bench: Workbench) -> None:
        """Documents of its own for the archive."""

    @property
    def report(self) -> SubjectReport | None:
        return None


class PersonView(View):
    """One person's part of the tenant; `reading` shows the tenant's rows alone, `plan` has the person as root."""

    def __init__(self, within: Within, plan: Plan, person: Person, tenant: Resolved, ownership: Ownership) -> None:
        super().__init__(within, replace(plan, source=replace(plan.needs_source(), scope=ownership.rules)))
        self._within = within
        self.subject = person.table.name
        self.withheld = _withheld(self.plan.needs_source().scope, within.schema)
        self._person = person
        self._people = ownership.people
        self._tenant = tenant
        self._said = plan.needs_source().scope.subjects.get(person.table.name, SubjectRules())
        self._report: SubjectReport | None = None

    @property
    def report(self) -> SubjectReport | None:
        return self._report

    def add(self, writer: ArchiveWriter, identity: Identity, resolved: Resolved, bench: Workbench) -> None:
        """Whom it is about, who else mentions them, and all of it for a person to read and for programs."""
        self._report = report = self._reported(resolved, bench)
        said = {
            "table": report.table,
            "key": self._person.key,
            "paths": report.paths,
            "withheld": [asdict(one) for one in report.withheld],
            "other_people": [asdict(one) for one in report.other_people],
        }
        writer.document(SUBJECT, _json(said))
        writer.document(MENTIONS, _json(asdict(report.mentions)))
        stayed = [(one.table, one.reason) for one in report.excluded]
        told = Portable(
            identity=identity,
            person=self._person,
            references=resolved.classified.references,
            stayed=stayed,
            withheld=report.withheld,
            other_people=report.other_people,
            mentions=report.mentions,
        )
        write_portable(writer, told)

    def _reported(self, resolved: Resolved, bench: Workbench) -> SubjectReport:
        search = MentionSearch(
            tenant=self._tenant,
            within=self._within,
            export=resolved.closure,
            exported=Taken(resolved, bench, (OWNED,)),
            person=self._person.table.name,
        )
        return SubjectReport(
            table=self._person.table.name,
            paths=tuple(str(path) for paths in resolved.classified.paths.values() for path in paths),
            excluded=tuple(
                Stayed(table=table.name, reason=table.reason)
                for table in resolved.scope.tables
                if table.class_ == EXCLUDED
            ),
            withheld=self.withheld.columns,
            other_people=tuple(other_people(resolved, self._people)),
            mentions=search.mentions(sought(self._person, self._said)),
        )


def _withheld(rules: ScopeRules, schema: Schema) -> Withheld:
    """Of tables that leave."""
    labels = {f"{t.name}.{c.name}": (t.name, c.name) for t in schema.tables for c in t.columns}
    named = ((*labels[label], reason) for label, reason in rules.withheld.items())
    return Withheld(
        columns=tuple(
            WithheldColumn(table=table, column=column, reason=reason)
            for table, column, reason in named
            if table not in rules.excluded
        )
    )


@contextmanager
def view_of(subject: str | None, reading: Reading, plan: Plan) -> Iterator[View]:
    """The view that `--subject` asks for. Misuse where it names nobody of this tenant; Red where a question is open."""
    if subject is None:
        yield View(reading, plan)
        return
    with workbench() as bench:
        tenant = resolve(reading, plan, bench)
        require_decided(tenant.scope.problems)
        within = Within(reading, tenant, Taken(tenant, bench, (OWNED, SHARED)))
        person = find_person(within, subject, plan.tenant)
        ownership = owned_by(person, within.schema, tenant.classified, plan.needs_source().scope)
        require_decided(ownership.questions)
        yield PersonView(within, plan, person, tenant, ownership)


def require_decided(problems: tuple[Problem, ...]) -> None:
    """Red where the scope asks something that nobody has answered."""
    if problems:
        first, *_ = problems
        raise Red(
            f"the scope has {len(problems)} open question(s); first: {first.what}",
            where=first.where,
            next=first.next,
            problems=problems,
        )


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
