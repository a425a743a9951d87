from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.steps.lookup import Lookup
from storage.errors import Misuse
from tests.unit.mappings.bench import UNFIT, Bench, plain, table
from tests.unit.mappings.strategies import MAYBE_TEXTS

COUNTRIES = (
    table("countries", {"id": "integer", "name": "text"}),
    [{"id": 1, "name": "France"}, {"id": 2, "name": None}, {"id": -3, "name": "Å"}],
)
LISTED = Bench(chain="{from: a, steps: [{lookup: {values: {FR: fr, NO: \"it's\", '1': x, ß: null}}}]}", types=("text",))
OTHERWISE = Bench(chain="{from: a, steps: [{lookup: {values: {FR: 1}, otherwise: null}}]}", types=("text",))
NUMBERS = Bench(chain="{from: a, steps: [{lookup: {values: {1: one, -2: two}}}]}", types=("integer",))
IN_TABLE = "{from: a, steps: [{lookup: {table: countries, key: id, value: name}}]}"
TABLE = Bench(chain=IN_TABLE, types=("text",), others={"countries": COUNTRIES})
FALLBACK = Bench(
    chain="{from: a, steps: [{lookup: {table: countries, key: id, value: name, otherwise: '?'}}]}",
    types=("integer",),
    others={"countries": COUNTRIES},
)


@settings(max_examples=40, deadline=None)
@given(st.lists(MAYBE_TEXTS | st.sampled_from(["FR", "NO", "1", "ß"]), min_size=1, max_size=20))
def test_sql_is_its_twin_for_listed_values(values: list[str | None]) -> None:
    LISTED.agree(*values)
    OTHERWISE.agree(*values)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | st.integers(-4, 4), min_size=1, max_size=20))
def test_sql_is_its_twin_for_tables(values: list[int | None]) -> None:
    TABLE.agree(*[None if value is None else str(value) for value in values])
    FALLBACK.agree(*values)
    NUMBERS.agree(*values)


def test_an_unlisted_value_is_counted_with_its_text_and_null_stays_null() -> None:
    assert LISTED.sql("FR", None, "ß") == ["fr", None, None]
    LISTED.given("FR", "DE", "DE", "IT", None)
    assert LISTED.probes() == [(3, ["DE", "IT"], "red", "unmapped value")]


def test_a_row_that_is_there_with_null_is_no_missing_row() -> None:
    assert TABLE.sql("1", "2", None) == ["France", None, None]
    assert FALLBACK.sql(1, 2, 9) == ["France", None, "?"]
    assert TABLE.sql("9") == [UNFIT]


def test_a_key_held_twice_decides_nothing() -> None:
    described, rows = COUNTRIES
    bench = Bench(
        chain=IN_TABLE, types=("integer",), others={"countries": (described, [*rows, {"id": 1, "name": "Gaul"}])}
    )
    bench.given(2)
    ((count, examples, severity, what),) = bench.probes()
    assert (count, examples, severity) == (1, ["1"], "red")
    assert "twice" in what
    assert len(bench.rows()) == 1  # and no row is multiplied


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text("abcß'é", min_size=1, max_size=4), st.text("xyz", min_size=1, max_size=4), min_size=1))
def test_there_and_back(pairs: dict[str, str]) -> None:
    step = Lookup(values=tuple(pairs.items()))
    inverse = step.inverse((plain("text"),))
    assert (inverse.step is None) == (len(set(pairs.values())) < len(pairs))
    if isinstance(inverse.step, Lookup):
        assert {old: new for new, old in inverse.step.values} == pairs


def test_otherwise_has_no_way_back() -> None:
    step = OTHERWISE.compiled.edges[0].columns[-1].mapping.steps[0]
    assert step.inverse((plain("text"),)).step is None


@pytest.mark.parametrize(
    "argument",
    [
        "{values: {}}",
        "{values: {a: 1, b: x}}",
        "{values: {a: 1, a: 2}}",
        "{values: {a: 1}, table: countries}",
        "{table: countries, key: id}",
        "{table: countries, key: id, value: nam}",
        "{table: country, key: id, value: name}",
        "a",
    ],
)
def test_what_is_no_lookup_is_refused(argument: str) -> None:
    with pytest.raises(Misuse, match=r"bench\.yaml:10"):
        Bench(chain=f"{{from: a, steps: [{{lookup: {argument}}}]}}", types=("text",), others={"countries": COUNTRIES})


def test_dates_are_listed_after_a_cast() -> None:
    with pytest.raises(Misuse, match="never equal to a date"):
        Bench(chain="{from: a, steps: [{lookup: {values: {2024-02-29: leap}}}]}", types=("date",))
    cast = Bench(
        chain="{from: a, steps: [{cast: text}, {lookup: {values: {2024-02-29: leap}, otherwise: no}}]}", types=("date",)
    )
    cast.agree(dt.date(2024, 2, 29), dt.date(2024, 3, 1), None)


def test_a_listed_value_no_column_of_that_kind_holds_is_refused() -> None:
    with pytest.raises(Misuse, match="'FR'"):
        Bench(chain="{from: a, steps: [{lookup: {values: {FR: 1}}}]}", types=("integer",))
