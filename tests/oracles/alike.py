"""Columns that are often called different though they hold the same: every type beside every type of its sense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType

from hypothesis import strategies as st

from tests.oracles.damage import said
from tests.random.databases import mysql, postgres, sqlite
from tests.random.shape import Field, Native, Sense, Shape, Value

MODULES: Mapping[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgres, "mysql": mysql}

_ORDINARY: Mapping[Sense, Sequence[Value]] = {
    Sense.TRUTH: (1, 0),
    Sense.WHOLE: (1, 42, 100),
    Sense.DECIMAL: ("0.5000", "0.2500"),
    Sense.FLOAT: (0.5, 1024.0),
    Sense.TEXT: ("a", "word"),
    Sense.BYTES: (b"a", b"word"),
    Sense.DATE: ("2024-02-29",),
    Sense.TIME: ("12:30:00",),
    Sense.MOMENT: ("2024-02-29 12:30:00",),
    Sense.INSTANT: ("2024-02-29 12:30:00+00:00",),
    Sense.UUID: ("0190c0de-0000-4000-8000-000000000001",),
    Sense.DOCUMENT: ("{}", "[1]"),
}
"""What a column of any type of the sense holds, beside what its own type makes difficult."""
_LONG = st.sampled_from(["é" * 70_000, "x" * 65_536, " " * 300, "line\r\n" * 9_000])
_FLOATS = st.sampled_from(["0.1", "0.30000000000000004", "5e-324", "1.7976931348623157e308", "9007199254740993"])
_ZEROS = st.sampled_from(["1.500000", "0.000000", "-0.100000", "100.000000", "12345678901234.000001"])
_GAPS = st.sampled_from(
    [  # Berlin's and New York's hours that were not, or were twice; New York's change of 2007; the second before 1970
        "2024-03-31 00:59:59.999999",
        "2024-03-31 01:00:00",
        "2024-03-31 02:30:00",
        "2024-10-27 00:30:00",
        "2024-10-27 01:30:00",
        "2007-03-11 07:00:00",
        "1970-01-01 00:00:01",
    ]
)
_NUMBERS_AS_TEXT = st.sampled_from(["007", "1e3", "1.0", "-0", "NaN", "true", "NULL", "\\N", "0x1F", " 1"])
_CHOICES = st.sampled_from(["sad", "happy", "", "it's"])
_UPPER = st.uuids().map(lambda found: str(found).upper())
_PADDED = st.sampled_from(["a", "", "ab", "é", "abcde"])
_PAIRS_OF_DOCUMENTS = st.sampled_from(['{"a": 1, "b": [true, null]}', "[]", "{}", '"text"', "1", "null"])


def _as(declared: str, sense: Sense, values: st.SearchStrategy[object]) -> Native:
    return Native(declared=declared, sense=sense, values=values)


CONFUSABLE: Mapping[str, Sequence[Native]] = {
    "sqlite": (
        _as("TEXT", Sense.TEXT, _LONG),
        _as("TEXT", Sense.TEXT, _CHOICES),
        _as("VARCHAR(20)", Sense.TEXT, _NUMBERS_AS_TEXT),
        _as("DATETIME", Sense.MOMENT, _GAPS),
        _as("CHAR(5)", Sense.TEXT, _PADDED),
        _as("REAL", Sense.FLOAT, _FLOATS.map(float)),
        _as("TEXT", Sense.DECIMAL, _ZEROS),
        _as("TEXT", Sense.INSTANT, _GAPS.map(lambda moment: f"{moment}Z")),
        _as("TEXT", Sense.UUID, _UPPER),
        _as("TEXT", Sense.DOCUMENT, _PAIRS_OF_DOCUMENTS),
    ),
    "postgresql": (
        _as("text", Sense.TEXT, _LONG),
        _as("mood", Sense.TEXT, _CHOICES),
        _as("varchar(20)", Sense.TEXT, _NUMBERS_AS_TEXT),
        _as("timestamp", Sense.MOMENT, _GAPS),
        _as("char(5)", Sense.TEXT, _PADDED.map(lambda text: text.ljust(5))),
        _as("double precision", Sense.FLOAT, _FLOATS),
        _as("numeric(20,6)", Sense.DECIMAL, _ZEROS),
        _as("numeric(38,10)", Sense.DECIMAL, _ZEROS),
        _as("timestamptz", Sense.INSTANT, _GAPS),
        _as("text", Sense.UUID, _UPPER),
        _as("jsonb", Sense.DOCUMENT, _PAIRS_OF_DOCUMENTS),
    ),
    "mysql": (
        _as("longtext COLLATE utf8mb4_nopad_bin", Sense.TEXT, _LONG),
        _as("enum('sad','happy','','it''s')", Sense.TEXT, _CHOICES),
        _as("varchar(20) COLLATE utf8mb4_general_ci", Sense.TEXT, _NUMBERS_AS_TEXT),
        _as("datetime(6)", Sense.MOMENT, _GAPS),
        _as("char(5) COLLATE utf8mb4_bin", Sense.TEXT, _PADDED),
        _as("double", Sense.FLOAT, _FLOATS),
        _as("decimal(20,6)", Sense.DECIMAL, _ZEROS),
        _as("decimal(38,10)", Sense.DECIMAL, _ZEROS),
        _as("timestamp(6) NULL", Sense.INSTANT, _GAPS),
        _as("char(36) COLLATE utf8mb4_bin", Sense.UUID, _UPPER),
        _as("json", Sense.DOCUMENT, _PAIRS_OF_DOCUMENTS),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Alike:
    """A table as two platforms declare it."""

    here: Shape
    there: Shape

    @property
    def said(self) -> str:
        return " → ".join(shape.fields[-1].native.declared for shape in (self.here, self.there))


def alike(out_of: str, to: str) -> Iterator[Alike]:
    """Each type of one beside each that means the same on the other, and beside text; every third without a key."""
    pairs = (
        (here, there)
        for here in (*MODULES[out_of].COMMON, *CONFUSABLE[out_of])
        for there in (*MODULES[to].COMMON, *CONFUSABLE[to])
        if here.sense is there.sense or (there is MODULES[to].LONG and here.sense is not Sense.BYTES)
    )
    for number, (here, there) in enumerate(dict.fromkeys(pairs)):
        key = () if number % 3 == 2 else ("id",)
        shapes = (_shape(f"t{number}", kind, native, key) for kind, native in ((out_of, here), (to, there)))
        yield Alike(here=next(shapes), there=next(shapes))


def _shape(name: str, kind: str, native: Native, key: tuple[str, ...]) -> Shape:
    """Two columns of the type with values of its own, one with ordinary values."""
    own = replace(native, is_key=False)
    natives = (MODULES[kind].WHOLE, own, own, own if native in CONFUSABLE[kind] else _ordinary(own, kind))
    fields = (Field(name=name, native=one) for name, one in zip(("id", "c0", "c1", "c2"), natives, strict=True))
    return Shape(name=name, fields=tuple(fields), key=key)


def _ordinary(native: Native, kind: str) -> Native:
    values = [said(value, MODULES[kind]) for value in _ORDINARY[native.sense]]
    if kind == "mysql" and native.sense is Sense.INSTANT:
        values = [str(value).removesuffix("+00:00") for value in values]
    return replace(native, values=st.sampled_from(values))
