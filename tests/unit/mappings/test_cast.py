"""cast: SQL and twin agree on every kind, nothing is rounded, and what comes back is what went in."""

from __future__ import annotations

import datetime as dt
import decimal
import functools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.conversions import rule
from storage.errors import Misuse
from storage.schema import Kind, Type
from tests.unit.mappings.bench import UNFIT, Bench, plain
from tests.unit.mappings.strategies import TYPES, values_of

DECIMALS = {
    "decimal": Type(kind=Kind.DECIMAL, precision=12, scale=2),
    "wide": Type(kind=Kind.DECIMAL, precision=38, scale=19),
}
FLOAT, TEXT = plain("float"), plain("text")
PAIRS = [(source, target) for source in TYPES for target in TYPES if source != target and rule(source, target)]


@functools.cache
def bench(source: Type, target: Type) -> Bench:
    return Bench(chain=f'{{from: a, steps: [{{cast: "{target}"}}]}}', types=(source,))


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=str)
def test_sql_is_its_twin(source: Type, target: Type) -> None:
    @settings(max_examples=3, deadline=None)
    @given(st.lists(values_of(source) | st.none(), min_size=1, max_size=40))
    def agrees(values: list[object]) -> None:
        bench(source, target).agree(*values)

    agrees()


@pytest.mark.parametrize(
    ("source", "target", "value"),
    [
        ("float", "integer", 1.5),
        ("float", "decimal", 0.125),
        ("decimal", "integer", decimal.Decimal("1.50")),
        ("integer", "float", 2**53 + 1),
        ("wide", "float", decimal.Decimal("0.3000000000000000041")),
        ("text", "integer", " 12"),
        ("text", "integer", "1e3"),
        ("text", "decimal", "0.123"),
        ("text", "date", "2024-02-30"),
        ("timestamp", "date", dt.datetime(2024, 1, 1, 0, 0, 1)),
        ("integer", "boolean", 2),
        ("binary", "text", b"\xff"),
        ("variant", "text", "x:/w=="),
    ],
)
def test_what_would_be_rounded_or_cut_does_not_fit(source: str, target: str, value: object) -> None:
    made = bench(*(DECIMALS.get(kind) or plain(kind) for kind in (source, target)))
    assert made.sql(value) == [UNFIT]
    assert made.twin(value) == [UNFIT]


def test_wide_decimals_and_instants_at_the_ends_of_the_calendar_are_their_twins() -> None:
    nines = "9" * 38
    Bench(chain="{from: a, steps: [{cast: 'decimal(38,0)'}]}", types=("text",)).agree(nines, f"-{nines}", f"{nines}0")
    Bench(chain="{from: a, steps: [{cast: 'decimal(38,10)'}]}", types=("integer",)).agree(2**63 - 1, -(2**63), 0)
    instants = Bench(chain="{from: a, steps: [{cast: timestamptz}]}", types=("text",))
    instants.agree("0001-01-01T00:00+01:00", "0001-01-01T01:00+01:00", "9999-12-31T23:59-01:00", "9999-12-31T23:59Z")


def test_numbers_that_are_written_with_an_exponent_are_their_twins() -> None:
    """DuckDB writes 1e-18, and reads no such text into a decimal without whole digits; of 2.9e+16 it loses digits."""
    for scale in (18, 38):
        fraction = Type(kind=Kind.DECIMAL, precision=scale, scale=scale)
        bench(fraction, FLOAT).agree(*map(decimal.Decimal, (f"1E-{scale}", "-1.5E-7", "0.1", "0.123456789012345678")))
        bench(FLOAT, fraction).agree(10.0**-scale, -1.5e-7, 0.1, 1e-39, -5e-324, -0.0, 0.5)
    whole = Type(kind=Kind.DECIMAL, precision=38, scale=0)
    bench(FLOAT, whole).agree(-2.979804421141643e16, 9007199254740993.0, 1e16, 1.2345678901234567e16, 1e37, 1e38, -1e22)


def test_the_engine_stops_where_a_value_does_not_fit() -> None:
    import duckdb

    column = bench(plain("text"), plain("integer"))
    column.given("1", "one")
    with pytest.raises(duckdb.Error, match=r"made\.made: value cannot be cast to integer"):
        column.rows()


@settings(max_examples=200, deadline=None)
@given(st.floats())
def test_a_float_comes_back_from_its_text(value: float) -> None:
    there = bench(FLOAT, TEXT).compiled.edges[0].columns[-1].mapping.steps[0]
    (text,) = bench(FLOAT, TEXT).twin(value)
    back = there.inverse((FLOAT,)).step
    assert back is not None
    (again,) = bench(TEXT, FLOAT).twin(text)
    assert again == value or (math.isnan(again) and math.isnan(value))


def test_impossible_casts_are_refused_before_any_value_is_read() -> None:
    with pytest.raises(Misuse, match=r"bench\.yaml:10"):
        Bench(chain="{from: a, steps: [{cast: date}]}", types=("boolean",))


@pytest.mark.parametrize("kind", ["decimal", "decimal(40,2)", "decimal(5,6)", "int", "varchar"])
def test_an_unknown_kind_is_refused(kind: str) -> None:
    with pytest.raises(Misuse):
        Bench(chain=f'{{from: a, steps: [{{cast: "{kind}"}}]}}', types=("text",))
