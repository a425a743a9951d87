"""What becomes of each column, on either side."""

from __future__ import annotations

from mappings.fates import Fate, arriving, leaving
from mappings.load import load_mapping
from storage.schema import Column, Kind, Table, Type

TEXT, INTEGER = Type(kind=Kind.TEXT), Type(kind=Kind.INTEGER)
PEOPLE = Table(
    name="people",
    columns=tuple(Column(name=name, type=TEXT) for name in ("id", "name", "first", "code", "hash", "mood")),
)
TOWNS = Table(name="towns", columns=(Column(name="id", type=TEXT), Column(name="name", type=TEXT)))
PERSONS = Table(
    name="persons",
    primary_key=("number",),
    columns=(
        Column(name="number", type=INTEGER, nullable=False, identity=True),
        Column(name="name", type=TEXT, nullable=False),
        Column(name="calls", type=TEXT),
        Column(name="kind", type=TEXT, nullable=False, default="'x'"),
        Column(name="town", type=TEXT),
        Column(name="product", type=TEXT),
        Column(name="email", type=TEXT, nullable=False),
    ),
)
MAPPING = load_mapping(
    """
mapping: m
version: 1
dropped_tables: {rests: "nobody reads them"}
tables:
  persons:
    edges:
      - from: people
        columns:
          name: name
          calls: {sql: "upper(first || name)"}
          town: {from: code, steps: [{lookup: {table: towns, key: id, value: name}}]}
          product: {const: ours}
        dropped: {hash: "asked anew"}
""",
    file="m",
)


def test_the_sources_columns() -> None:
    told = {one.column.name: (one.fate, one.becomes or one.because) for one in leaving(MAPPING, PEOPLE)}
    assert told == {
        "id": (Fate.UNMAPPED, ""),
        "name": (Fate.COPIED, ("persons.name", "persons.calls")),
        "first": (Fate.CHANGED, ("persons.calls",)),
        "code": (Fate.CHANGED, ("persons.town",)),
        "hash": (Fate.DROPPED, "asked anew"),
        "mood": (Fate.UNMAPPED, ""),
    }
    assert [one.becomes for one in leaving(MAPPING, TOWNS)] == [("persons.town",)] * 2
    (rest,) = leaving(MAPPING, Table(name="rests", columns=(Column(name="id", type=TEXT),)))
    assert (rest.fate, rest.because) == (Fate.DROPPED, "nobody reads them")


def test_the_targets_columns() -> None:
    told = {one.column.name: (one.fate, one.reads) for one in arriving(MAPPING.edges[0], PERSONS, PEOPLE)}
    assert told == {
        "number": (Fate.DEFAULT, ()),
        "name": (Fate.COPIED, ("name",)),
        "calls": (Fate.CHANGED, ("first", "name")),
        "kind": (Fate.DEFAULT, ()),
        "town": (Fate.CHANGED, ("code",)),
        "product": (Fate.CONSTANT, ()),
        "email": (Fate.MISSING, ()),
    }
