"""By which values a person is recognised in what others wrote: their addresses, numbers and names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from migrator.engine.draft.words import words
from migrator.engine.subject import spelled
from migrator.engine.subject.person import OPTION, Person
from migrator.plan import SubjectRules
from storage.errors import Misuse
from storage.schema import Column, Kind

_LEAST, _MOST = 5, 200  # characters: what is shorter stands everywhere, what is longer is nobody's name
_LEAST_KEY = 8
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"(?:\+|\(|0)[\d\s.\-()/]{7,}")
_LEAST_DIGITS = 8
_FIRST = {("first", "name"), ("firstname",), ("given", "name"), ("forename",), ("prenom",)}
_LAST = {("last", "name"), ("lastname",), ("family", "name"), ("surname",), ("nom",), ("nom", "famille")}
_FULL = {("name",), ("full", "name"), ("fullname",), ("display", "name"), ("nom", "complet"), ("nom", "affiche")}
_TEXTS = frozenset({Kind.TEXT, Kind.VARIANT, Kind.LITERAL, Kind.JSON, Kind.UUID})


class By(StrEnum):
    """What kind of value it is."""

    EMAIL = "e-mail"
    PHONE = "phone"
    NAME = "name"
    KEY = "key"
    SAID = "named by the plan"


@dataclass(frozen=True, kw_only=True)
class Sought:
    """One value: the columns of the person's row it is from, and a regular expression (RE2) that finds it."""

    columns: str
    by: By
    pattern: str


def sought(person: Person, rules: SubjectRules) -> tuple[Sought, ...]:
    """The values to look for: those of the columns the plan names under `mentions`, else those that look the part."""
    if not rules.mentions:
        return tuple({one.pattern: one for one in chain(_by_shape(person), _by_name(person))}.values())
    known = person.table.column_names
    for name in rules.mentions:
        if name not in known:
            raise Misuse(
                f"{person.table.name} has no column {name!r}",
                where=rules.lines.get(f"mentions.{name}", OPTION),
                next=f"columns: {', '.join(known)}",
            )
    values = ((name, _untagged(person.table.column(name), person.values[name] or "")) for name in rules.mentions)
    return tuple(Sought(columns=name, by=By.SAID, pattern=spelled.word(value)) for name, value in values if value)


def _values(person: Person) -> Iterator[tuple[Column, str]]:
    for column in person.table.columns:
        value = person.values[column.name]
        if value is not None and column.type.kind in _TEXTS:
            text = _untagged(column, value)
            if len(text) <= _MOST and all(one.isprintable() or one.isspace() for one in text):
                yield column, text


def _untagged(column: Column, value: str) -> str:
    return (value[2:] if column.type.kind is Kind.VARIANT else value).strip()


def _by_shape(person: Person) -> Iterator[Sought]:
    for column, text in _values(person):
        if _EMAIL.fullmatch(text):
            yield Sought(columns=column.name, by=By.EMAIL, pattern=spelled.word(text, before=r"[^\pL\pN._%+\-]"))
        elif _PHONE.fullmatch(text) and len(_digits(text)) >= _LEAST_DIGITS:
            yield Sought(columns=column.name, by=By.PHONE, pattern=spelled.number(text))
        elif (column.name,) == person.table.primary_key and len(text) >= _LEAST_KEY:
            yield Sought(columns=column.name, by=By.KEY, pattern=spelled.word(text))


def _by_name(person: Person) -> Iterator[Sought]:
    named = {words(column.name): (column.name, text) for column, text in _values(person)}
    for called in _FULL & named.keys():
        name, text = named[called]
        if len(text) >= _LEAST and len(text.split()) > 1:
            yield Sought(columns=name, by=By.NAME, pattern=spelled.name(text))
    for first in _FIRST & named.keys():
        for last in _LAST & named.keys():
            (one, given), (other, family) = named[first], named[last]
            if given and family and len(given + family) >= _LEAST:
                both = f"(?:{spelled.name(f'{given} {family}')})|(?:{spelled.name(f'{family} {given}')})"
                yield Sought(columns=f"{one}+{other}", by=By.NAME, pattern=both)


def _digits(value: str) -> str:
    return re.sub(r"\D", "", value)
