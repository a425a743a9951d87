"""What is told to change in a SQLite column, and nothing else, is what SQLite itself changes there."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.affinity import changes, stored_type
from mappings.quote import literal
from migrator.platforms.sqlite.types import declared_type, limits_of
from storage.schema import Affinity, Column, Kind, Type
from storage.types import Variant

Value = int | float | str | bytes

DECLARED = ("", "INTEGER", "BOOLEAN", "REAL", "DOUBLE PRECISION", "FLOATING POINT", "NUMERIC", "DECIMAL(9,2)", "TEXT")
DECLARED += (
    "VARCHAR",
    "DATE",
    "DATETIME",
    "JSON",
    "UUID",
    "STRING",
    "BLOB",
    "REAL BLOB",
    "ANY",
    "BOOLEAN TEXT",
    "CHARINT",
)
_NUMERALS = st.text("0123456789.eE+- \t\n\v\f\r_xinf", max_size=7)
_TEXTS = _NUMERALS | st.sampled_from(["9" * 25, "1e999", "\u00a07", "\x1c7", "１", "INF", "nan", "7\u2003"])
_REALS = st.floats(allow_nan=False) | st.sampled_from(
    [7.0, -0.0, 2.0**53, 2.0**53 + 2, 1e18, 2.0**63, -(2.0**63), 1e19]
)
_INTEGERS = st.integers(-(1 << 63), (1 << 63) - 1)
VALUES = (
    _INTEGERS | _REALS | _TEXTS | st.binary(max_size=3) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
)


@pytest.fixture(scope="module")
def bench() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def column(declared: str) -> Column:
    return Column(name="v", type=declared_type(declared), native=declared, limits=limits_of(declared, strict=False))


def kept(declared: str, value: Value) -> Value | None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(f"CREATE TABLE t (v {declared})")
        database.execute("INSERT INTO t VALUES (?)", (value,))
        (found,) = database.execute("SELECT v FROM t").fetchone()
    return found  # type: ignore[no-any-return]


def same(one: Value | None, other: Value) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return struct.pack(">d", one) == struct.pack(">d", other)
    return (type(one), one) == (type(other), other)


def told(bench: duckdb.DuckDBPyConnection, sql: str, type_: Type, target: Column) -> bool:
    conditions = [change.failed for change in changes("v", type_, target) if not change.is_note]
    if not conditions:
        return False
    failed = " OR ".join(f"coalesce({condition}, FALSE)" for condition in conditions)
    return bench.execute(f"SELECT {failed} FROM (SELECT {sql} AS v)").fetchall() == [(True,)]


@settings(max_examples=400, deadline=None)
@given(declared=st.sampled_from(DECLARED), value=VALUES)
def test_a_value_among_others_is_told_where_sqlite_changes_it(
    bench: duckdb.DuckDBPyConnection, declared: str, value: Value
) -> None:
    cell = Variant.encode(value)
    assert told(bench, literal(cell), Type(kind=Kind.VARIANT), column(declared)) is not same(
        kept(declared, value), value
    )


@settings(max_examples=200, deadline=None)
@given(declared=st.sampled_from(DECLARED), value=_TEXTS)
def test_a_text_is_told_where_sqlite_makes_a_number_of_it(
    bench: duckdb.DuckDBPyConnection, declared: str, value: str
) -> None:
    target = column(declared)
    if stored_type(target, {Type(kind=Kind.TEXT)}).kind is Kind.TEXT:
        assert told(bench, literal(value), Type(kind=Kind.TEXT), target) is not same(kept(declared, value), value)


@settings(max_examples=200, deadline=None)
@given(
    declared=st.sampled_from(["", "NUMERIC", "DATE", "DECIMAL(9,2)", "STRING"]),
    value=_REALS.filter(lambda real: real != 0),
)
def test_a_real_is_told_where_its_integer_is_not_read_as_it(
    bench: duckdb.DuckDBPyConnection, declared: str, value: float
) -> None:
    found = kept(declared, value)
    is_read = same(found, value) or (isinstance(found, int) and float(found) == value and abs(found) <= 1 << 53)
    assert told(bench, literal(value), Type(kind=Kind.FLOAT), column(declared)) is not is_read


@pytest.mark.parametrize(
    ("declared", "given_as", "goes_as"),
    [
        ("DATE", Kind.INTEGER, Kind.INTEGER),
        ("DATE", Kind.FLOAT, Kind.FLOAT),
        ("DATE", Kind.DATE, Kind.TEXT),
        ("JSON", Kind.BINARY, Kind.BINARY),
        ("BLOB", Kind.TEXT, Kind.TEXT),
        ("TEXT", Kind.VARIANT, Kind.VARIANT),
        ("TEXT", Kind.INTEGER, Kind.TEXT),
        ("NUMERIC", Kind.BOOLEAN, Kind.INTEGER),
        ("", Kind.TIMESTAMP, Kind.TEXT),
        ("", Kind.UUID, Kind.TEXT),
    ],
)
def test_values_go_in_as_what_they_are_or_as_the_column_is_called(declared: str, given_as: Kind, goes_as: Kind) -> None:
    assert stored_type(column(declared), {Type(kind=given_as)}).kind is goes_as


def test_a_strict_column_tells_what_it_would_refuse(bench: duckdb.DuckDBPyConnection) -> None:
    strict = Column(name="v", type=declared_type("TEXT"), native="TEXT", limits=limits_of("TEXT", strict=True))
    assert strict.limits.affinity is Affinity.STRICT
    for value, refused in (("a", False), ("a\0", False), (b"a", True), (1, True), (1.5, True)):
        assert told(bench, literal(Variant.encode(value)), Type(kind=Kind.VARIANT), strict) is refused
