from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.steps.join import Join
from storage.errors import Misuse
from tests.unit.mappings.bench import Bench, plain
from tests.unit.mappings.strategies import INTEGERS, MAYBE_TEXTS

BENCH = Bench(chain='{from: [a, b, c], steps: [{join: "\' "}]}', types=("text", "integer", "text"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(MAYBE_TEXTS, st.none() | INTEGERS, MAYBE_TEXTS), min_size=1, max_size=20))
def test_sql_is_its_twin(rows: list[tuple[str | None, int | None, str | None]]) -> None:
    BENCH.agree(*rows)


def test_null_is_skipped_and_empty_text_is_not() -> None:
    rows = [("Ana", None, "Silva"), (None, None, None), ("", None, ""), (None, 7, None)]
    assert BENCH.sql(*rows) == ["Ana' Silva", None, "' ", "7"]


def test_nothing_between_is_allowed() -> None:
    assert Bench(chain='{from: [a, b], steps: [{join: ""}]}', types=("text", "text")).sql(("x", "y")) == ["xy"]


def test_it_says_what_is_lost() -> None:
    assert Join(between=" ").inverse((plain("text"), plain("text"))).step is None


@pytest.mark.parametrize(
    "chain",
    ["{from: [a, b]}", "{from: [a, b], steps: [{cast: text}, {join: x}]}", "{from: [a, a], steps: [{join: x}]}"],
)
def test_several_columns_need_it_first_and_once_each(chain: str) -> None:
    with pytest.raises(Misuse):
        Bench(chain=chain, types=("text", "text"))


def test_bytes_are_not_text() -> None:
    with pytest.raises(Misuse, match="bytes are not text"):
        Bench(chain="{from: [a, b], steps: [{join: x}]}", types=("text", "binary"))
