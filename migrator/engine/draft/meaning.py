"""Which columns of other tables a column may mean, by its name and its type alone; values decide among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from migrator.engine.draft.vocabulary import Vocabulary
from migrator.engine.draft.words import (
    Words,
    among,
    bases,
    begins_with,
    ends_in,
    is_another,
    is_plural,
    is_somebody,
    same,
    shortens,
    stem,
    words,
)
from storage.schema import Column, Kind, Table


class Why(IntEnum):
    """What speaks for a meaning; the strongest first."""

    NAMED = 0  # post_id → posts; customer_no → customer.customer_no
    ENDS_NAMED = 1  # pinned_post_id → posts
    SHORT = 2  # user_id → auth_user
    BEGINS_NAMED = 3  # id_adresse_livraison → adresses
    ITSELF = 4  # parent_id
    LAST_WORD = 5  # default_status_id → issue_statuses
    ROLE = 6  # created_by → members
    SHORTENED = 7  # dept_id → departments
    VALUES = 8  # nothing but that its values are there


LEAST_SHARE = {
    Why.NAMED: 0.5,
    Why.ENDS_NAMED: 0.5,
    Why.SHORT: 0.9,
    Why.BEGINS_NAMED: 0.95,
    Why.ITSELF: 0.8,
    Why.LAST_WORD: 0.95,
    Why.ROLE: 0.8,
    Why.SHORTENED: 0.95,
    Why.VALUES: 1.0,
}
"""How many of the values must be there. Where no key was ever declared, rows point at what is gone."""

WITHOUT_VALUES = frozenset({Why.NAMED, Why.ENDS_NAMED})
"""What is proposed of a column that is empty."""

KEY_KINDS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.TEXT, Kind.UUID, Kind.BINARY, Kind.VARIANT})
_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL})
_UNTYPED = frozenset({Kind.TEXT, Kind.VARIANT})


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """The column may point at `column` of `parent`."""

    parent: Table
    column: str
    why: Why
    marked: bool = True  # its name says that it is a reference: post_id, not post

    def __str__(self) -> str:
        return f"{self.parent.name}.{self.column}"


@dataclass(frozen=True, kw_only=True)
class _Name:
    """A column's name: the thing it is named for, and what else it says."""

    text: str
    thing: Words
    marked: bool
    is_role: bool  # a person

    @classmethod
    def of(cls, column: Column) -> _Name:
        thing, marked = stem(column.name)
        is_role = bool(thing) and (is_somebody(column.name, thing) or (marked and among(thing, Vocabulary.PEOPLE)))
        return cls(text=column.name, thing=thing, marked=marked, is_role=is_role)

    def is_a_number(self, why: Why) -> bool:
        """Whether a whole number called so is one, and no reference: comments, sequence."""
        in_order = why is not Why.NAMED and self.thing[-1] in Vocabulary.COUNTING
        return not self.marked and (in_order or is_plural(self.thing[-1]))


def comparable(child: Column, parent: Column) -> bool:
    """Whether a value of one can be a value of the other; a text may be an id of any type."""
    kinds = {child.type.kind, parent.type.kind}
    if not kinds <= KEY_KINDS:
        return False
    return len(kinds) == 1 or kinds <= _NUMBERS or child.type.kind in _UNTYPED


class Meanings:
    """Looks names up among the tables of a schema."""

    def __init__(self, tables: Sequence[Table]) -> None:
        called = {table.name: words(table.local_name) for table in tables}
        self._prefix = _shared_prefix(list(called.values()))
        self._called = {name: self._bare(found) for name, found in called.items()}
        self._tables = tables
        self._people = [table for table in tables if among(self._called[table.name], Vocabulary.PEOPLE)]
        self._by_word: dict[str, list[Table]] = {}
        self._by_key: dict[str, list[Table]] = {}
        for table in tables:
            for word in bases(self._called[table.name][-1]) if self._called[table.name] else ():
                self._by_word.setdefault(word, []).append(table)
            if len(table.primary_key) == 1:
                self._by_key.setdefault(table.primary_key[0], []).append(table)

    def _bare(self, name: Words) -> Words:
        return name[1:] if self._prefix and len(name) > 1 and name[0] == self._prefix else name

    def called(self, table: Table) -> Words:
        """The words of the table's name, without one that most tables begin with."""
        return self._called[table.name]

    def named(self, thing: Words) -> tuple[Table, ...]:
        """The tables called so; else those whose name ends so, or is the end of it."""
        near = self._near(thing)
        exact = [table for table in near if same(self._bare(thing), self._called[table.name])]
        return tuple(exact or (t for t in near if self._overlap(thing, self._called[t.name])))

    @staticmethod
    def _overlap(one: Words, other: Words) -> bool:
        return ends_in(one, other) or ends_in(other, one)

    def _near(self, thing: Words) -> list[Table]:
        """Those whose last word is the same, each once."""
        found = [table for word in bases(thing[-1]) for table in self._by_word.get(word, ())] if thing else []
        return list({table.name: table for table in found}.values())

    def is_like_a_reference(self, table: Table, column: Column) -> bool:
        """Whether it is worth looking at: by its type, and because its name means a thing."""
        if column.type.kind not in KEY_KINDS:
            return False
        thing, marked = stem(column.name)
        return bool(thing) and (marked or next(self.of(table, column), None) is not None)

    def of(self, table: Table, column: Column) -> Iterator[Meaning]:
        """What the name says it may be, in no order; nothing that its type excludes."""
        name = _Name.of(column)
        if not name.thing or same(self._bare(name.thing), self._called[table.name]):
            return  # post_id of posts is a number of its own
        for parent in self._likely(table, name):
            if (why := self._why(table, name, parent)) is None:
                continue
            for key in _keys(parent, column.name):
                theirs = parent.column(key)
                is_number = theirs.type.kind in _NUMBERS and name.is_a_number(why)
                if not is_number and comparable(column, theirs) and (parent.name, key) != (table.name, column.name):
                    yield Meaning(parent=parent, column=key, why=why, marked=name.marked)

    def _likely(self, table: Table, name: _Name) -> list[Table]:
        """Those with a word in common, and those of people where it means one; each once."""
        near = [*self._near(name.thing), *self._by_key.get(name.text, ()), *(self._people if name.is_role else ())]
        if name.marked and len(name.thing) > 1 and not among(name.thing, Vocabulary.ROLE):
            near += self._near(name.thing[:1])
        return list({parent.name: parent for parent in (*near, table)}.values())

    def _why(self, table: Table, name: _Name, parent: Table) -> Why | None:
        called, thing = self._called[parent.name], name.thing
        by_role = Why.ROLE if name.is_role and among(called, Vocabulary.PEOPLE) else None
        if parent.name == table.name:
            is_itself = is_another(thing, marked=name.marked) and not name.is_role
            return Why.ITSELF if is_itself or ends_in(thing, called) else by_role
        if same(self._bare(thing), called) or self._is_its_key(name, parent):
            return Why.NAMED
        if ends_in(thing, called):
            return Why.ENDS_NAMED
        if ends_in(called, thing):
            return Why.SHORT
        if by_role or begins_with(thing, called):
            return by_role or Why.BEGINS_NAMED
        return Why.LAST_WORD if called and same(thing[-1:], called[-1:]) else None

    def _is_its_key(self, name: _Name, parent: Table) -> bool:
        """Whether no key but the parent's has this very name."""
        return parent.primary_key == (name.text,) and len(self._by_key[name.text]) == 1

    def shortened(self, table: Table, column: Column) -> Iterator[Meaning]:
        """Tables that its name is short for, where it is the name of none."""
        thing, marked = stem(column.name)
        for parent in self._tables if marked and not self._near(thing) else ():
            if parent.name != table.name and shortens(thing, self._called[parent.name]):
                for key in _keys(parent, column.name):
                    if comparable(column, parent.column(key)):
                        yield Meaning(parent=parent, column=key, why=Why.SHORTENED)

    def anywhere(self, table: Table, column: Column) -> Iterator[Meaning]:
        """Every key its values may be, where values tell: ids that are no numbers."""
        for parent in self._tables:
            if len(parent.primary_key) == 1 and parent.name != table.name:
                key = parent.column(parent.primary_key[0])
                if key.type.kind is column.type.kind and key.type.kind not in _NUMBERS:
                    yield Meaning(parent=parent, column=key.name, why=Why.VALUES)


def _shared_prefix(names: Sequence[Words]) -> str:
    """The word that at least half of the tables begin with: the product's, or `tbl`."""
    first = [name[0] for name in names if len(name) > 1]
    for word in dict.fromkeys(first):
        if len(names) > 2 and 2 * first.count(word) >= len(names):
            return word
    return ""


def _keys(parent: Table, named: str) -> Iterator[str]:
    """The columns that tell its rows apart: its key, and another that the name ends in: country_code, code."""
    for unique in parent.unique:
        if len(unique.columns) == 1 and unique.columns != parent.primary_key:
            its = words(unique.columns[0])
            if its and words(named)[-len(its) :] == its:
                yield unique.columns[0]
    if len(parent.primary_key) == 1:
        yield parent.primary_key[0]
    elif not parent.primary_key and "id" in parent.column_names:
        yield "id"
