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

MONEY = Type(kind=Kind.DECIMAL, precision=12, scale=2)
NUMBERLIKE = st.text("0123456789+-.eE _", max_size=12)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_CLOCK = r"[0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,7})?)?"
MOMENTLIKE = st.from_regex(rf"\A[0-2][0-9]{{3}}-[01][0-9]-[0-3][0-9]([T ]{_CLOCK}(Z|\+0[0-9](:[0-5]0)?)?)?\Z")
INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3) | st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1])
MOMENTS = st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(3000, 1, 1))
VALUES: dict[str, st.SearchStrategy[object]] = {
    "boolean": st.booleans(),
    "integer": INTEGERS,
    "float": st.floats(),
    "decimal": st.decimals(-99999, 99999, places=2),
    "text": TEXTS
    | NUMBERLIKE
    | MOMENTLIKE
    | st.sampled_from(["true", "F", "NaN", "INF", "-INF", "", " 1", "ß", "e\u0301"]),
    "binary": st.binary(max_size=6),
    "date": st.dates(dt.date(1000, 1, 1), dt.date(3000, 1, 1)),
    "time": st.times(),
    "timestamp": MOMENTS | st.dates(dt.date(1000, 1, 1)).map(lambda day: dt.datetime.combine(day, dt.time())),
    "timestamptz": MOMENTS.map(lambda moment: moment.replace(tzinfo=dt.UTC)),
    "uuid": st.uuids().map(str),
    "json": st.recursive(st.integers() | st.none(), st.lists).map(str).map(lambda text: text.replace("None", "null")),
    "variant": st.integers(-(2**63), 2**63 - 1).map(lambda n: f"i:{n}")
    | TEXTS.map(lambda text: "t:" + text)
    | NUMBERLIKE.map(lambda text: "t:" + text)
    | st.sampled_from(["r:1.5", "r:NaN", "r:-INF", "r:1e+22", "b:YQ==", "x:/w=="]),
}
PAIRS = [
    (source, target)
    for source in VALUES
    for target in VALUES
    if source != target
    and rule(MONEY if source == "decimal" else plain(source), MONEY if target == "decimal" else plain(target))
]


@functools.cache
def bench(source: str, target: str) -> Bench:
    written = "decimal(12,2)" if target == "decimal" else target
    return Bench(
        chain=f'{{from: a, steps: [{{cast: "{written}"}}]}}', types=(MONEY if source == "decimal" else plain(source),)
    )


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_sql_is_its_twin(source: str, target: str) -> None:
    @settings(max_examples=4, deadline=None)
    @given(st.lists(VALUES[source] | st.none(), min_size=1, max_size=30))
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
    assert bench(source, target).sql(value) == [UNFIT]
    assert bench(source, target).twin(value) == [UNFIT]


def test_wide_decimals_and_instants_at_the_ends_of_the_calendar_are_their_twins() -> None:
    nines = "9" * 38
    Bench(chain="{from: a, steps: [{cast: 'decimal(38,0)'}]}", types=("text",)).agree(nines, f"-{nines}", f"{nines}0")
    Bench(chain="{from: a, steps: [{cast: 'decimal(38,10)'}]}", types=("integer",)).agree(2**63 - 1, -(2**63), 0)
    instants = Bench(chain="{from: a, steps: [{cast: timestamptz}]}", types=("text",))
    instants.agree("0001-01-01T00:00+01:00", "0001-01-01T01:00+01:00", "9999-12-31T23:59-01:00", "9999-12-31T23:59Z")


def test_the_engine_stops_where_a_value_does_not_fit() -> None:
    import duckdb

    column = bench("text", "integer")
    column.given("1", "one")
    with pytest.raises(duckdb.Error, match=r"made\.made: value cannot be cast to integer"):
        column.rows()


@settings(max_examples=200, deadline=None)
@given(st.floats())
def test_a_float_comes_back_from_its_text(value: float) -> None:
    there = bench("float", "text").compiled.edges[0].columns[-1].mapping.steps[0]
    (text,) = bench("float", "text").twin(value)
    back = there.inverse((plain("float"),)).step
    assert back is not None
    (again,) = bench("text", "float").twin(text)
    assert again == value or (math.isnan(again) and math.isnan(value))


def test_impossible_casts_are_refused_before_any_value_is_read() -> None:
    with pytest.raises(Misuse, match=r"bench\.yaml:10"):
        Bench(chain="{from: a, steps: [{cast: date}]}", types=("boolean",))


@pytest.mark.parametrize("kind", ["decimal", "decimal(40,2)", "decimal(5,6)", "int", "varchar"])
def test_an_unknown_kind_is_refused(kind: str) -> None:
    with pytest.raises(Misuse):
        Bench(chain=f'{{from: a, steps: [{{cast: "{kind}"}}]}}', types=("text",))
