"""Which columns of rows about a person stay behind, as the plan says, and which of them somebody has to decide about.

A secret is nobody's to take along, and what says who somebody else is, is not the person's: both are asked about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from migrator.engine.classify import Reference
from migrator.engine.draft.vocabulary import Vocabulary
from migrator.engine.draft.words import Words, among, bases, begins_with, same, stem, words
from migrator.engine.named import named_column
from migrator.plan import AttachmentRule, ScopeRules, SubjectRules
from storage.errors import Misuse
from storage.problem import Problem
from storage.schema import Column, Kind, Schema, Table

_WORDED = frozenset({Kind.TEXT, Kind.JSON, Kind.VARIANT, Kind.LITERAL})
_NEVER_SECRET = frozenset({Kind.BOOLEAN, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
_MOMENTS = frozenset({"at", "on"})  # token_sent_at says when, also where a platform holds times as text
_WITHIN = 8  # letters of a word that is the same within any other: userpassword


def withheld_by(said: SubjectRules, schema: Schema) -> dict[str, str]:
    """`table.column` → reason. Misuse where one is disclosed, too, or tells rows apart."""
    for name in said.withheld:
        where = said.lines[f"withheld.{name}"]
        table, column = named_column(schema, name, where)
        if name in said.disclosed:
            raise Misuse(f"{name} is both withheld and disclosed", where=where, next="keep one of the two")
        if column.name in table.primary_key:
            what = f"{name} tells the rows of {table.name} apart, and cannot be withheld"
            raise Misuse(what, where=where, next=f"leave {table.name} out, or let the key leave")
    return dict(said.withheld)


def attachments_left(rules: Iterable[AttachmentRule], withheld: Collection[str]) -> Iterator[AttachmentRule]:
    """The rules of files whose columns leave, without what withheld columns say of them."""
    for rule in rules:
        if rule.label not in withheld:
            said = {
                "name_column": rule.name_column,
                "type_column": rule.type_column,
                "size_column": rule.size_column,
                "hash_column": rule.hash_column,
            }
            hidden = {name: None for name, column in said.items() if f"{rule.table}.{column}" in withheld}
            yield replace(rule, **hidden)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """A table of the export: `own` are the columns that say whose a row is, `others` those that may name others."""

    table: Table
    own: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    is_shared: bool = False


class ColumnQuestions:
    """What is open about the columns of tables that leave with somebody of the table `person`."""

    def __init__(self, person: str, said: SubjectRules, rules: ScopeRules, references: Sequence[Reference]) -> None:
        self._person = person
        self._answered = {*said.withheld, *said.disclosed}
        self._withheld = said.withheld
        self._of_files = {f"{rule.table}.{rule.hash_column}" for rule in rules.attachments if rule.hash_column}
        self._pointing = {f"{r.table}.{column}" for r in references for column in r.told_by}
        self._called = words(person.rpartition(".")[2])[-1:]

    def of(self, leaving: Leaving) -> Iterator[Problem]:
        """One for each column that nobody has withheld or disclosed, and that may be more than the person's."""
        table = leaving.table
        computes = any(f"{table.name}.{name}" in self._withheld for name in table.column_names)
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            if name in self._answered:
                continue
            if column.generated and computes:
                yield self._question(table, column, "is computed, perhaps of what is withheld beside it")
            elif is_secret(column) and name not in self._of_files and not self._is_number_of(name, column):
                yield self._question(table, column, "is called like a secret")
            elif name not in self._pointing and self._may_name(column, leaving):
                yield self._question(table, column, "may say who somebody else is")

    def _is_number_of(self, name: str, column: Column) -> bool:
        """Whether it is the number of another row: token_id."""
        return name in self._pointing and column.type.kind is Kind.INTEGER

    def _may_name(self, column: Column, leaving: Leaving) -> bool:
        if column.type.kind not in _WORDED or column.choices:
            return False
        called = words(column.name)
        if leaving.is_shared:
            return column.name in leaving.others or _has(called, (Vocabulary.PEOPLE, Vocabulary.ROLE))
        if _is_called_after(called, _things(leaving.others)):
            return True
        if _is_called_after(called, (*_things(leaving.own), self._called)):
            return False
        # what their own row says of a contact or an account is theirs; what their order says of a customer, who knows
        kinds = (Vocabulary.ROLE,) if leaving.table.name == self._person else (Vocabulary.ROLE, Vocabulary.PEOPLE)
        return among(called, Vocabulary.ROLE) or (_has(called, kinds) and among(called, Vocabulary.CALLED))

    def _question(self, table: Table, column: Column, what: str) -> Problem:
        name = f"{table.name}.{column.name}"
        subject = f"scope.subjects: {{{self._person}: "
        keep = f"withhold it: {subject}{{withheld: {{{name}: reason}}}}}}"
        if column.name in table.primary_key:
            keep = f"leave the table out: {subject}{{excluded: {{{table.name}: reason}}}}}}"
        return Problem(
            where=name,
            what=f"{what}, and would leave with the person's rows",
            next=f"{keep}, or say why it may leave: {subject}{{disclosed: {{{name}: reason}}}}}}",
        )


def is_secret(column: Column) -> bool:
    """Whether its name says that its values let somebody in, or are what a secret leaves behind."""
    found = words(column.name)
    if not found or column.type.kind in _NEVER_SECRET or found[-1] in _MOMENTS:
        return False
    return any(_is_called_secret(run) for run in _runs(found))


@lru_cache(maxsize=65_536)
def _is_called_secret(text: str) -> bool:
    within = (one for one in Vocabulary.CREDENTIAL.words if len(one) >= _WITHIN)
    return any(one in Vocabulary.CREDENTIAL for one in bases(text)) or any(one in text for one in within)


def _runs(found: Words) -> Iterator[str]:
    """Its words, and those that stand together as one: api key, apikey."""
    yield from found
    yield from ("".join(pair) for pair in pairwise(found))
    yield from ("".join(three) for three in zip(found, found[1:], found[2:], strict=False))


def _things(labels: Collection[str]) -> tuple[Words, ...]:
    """Whom these columns name: recipient, of recipient_id."""
    return tuple(stem(name)[0] for label in labels for name in label.split("+"))


def _is_called_after(called: Words, things: Collection[Words]) -> bool:
    """Whether it says more of those whom another column names: recipient_name."""
    return any(same(called, thing) or begins_with(called, thing) for thing in things if thing)


def _has(called: Words, known: Sequence[Vocabulary]) -> bool:
    return any(among((word,), one) for word in called for one in known)
