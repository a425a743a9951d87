from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.steps.concat import Concat
from storage.errors import Misuse
from tests.unit.mappings.bench import Bench, plain
from tests.unit.mappings.strategies import INTEGERS, MAYBE_TEXTS

BENCH = Bench(chain='{from: [a, b], steps: [{concat: ["{a}", " – \'{{", "{b}", "}}"]}]}', types=("text", "integer"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(MAYBE_TEXTS, st.none() | INTEGERS), min_size=1, max_size=20))
def test_sql_is_its_twin(rows: list[tuple[str | None, int | None]]) -> None:
    BENCH.agree(*rows)


def test_holes_are_filled_and_null_wins() -> None:
    assert BENCH.sql(("x", 12), (None, 1), ("{a}", 0)) == ["x – '{12}", None, "{a} – '{0}"]


def test_one_piece_may_hold_several_holes_and_one_column_come_twice() -> None:
    bench = Bench(chain='{from: a, steps: [{cast: text}, {concat: ["<{a}|{a}>"]}]}', types=("integer",))
    assert bench.sql(5) == ["<5|5>"]


def test_it_says_what_is_lost() -> None:
    assert Concat(pieces=(0, "x")).inverse((plain("text"),)).step is None


@pytest.mark.parametrize("piece", ["{c}", "{a!r}", "{a:>10}", "{", "}", "{}"])
def test_a_hole_that_is_no_column_is_refused(piece: str) -> None:
    with pytest.raises(Misuse, match=r"bench\.yaml:10"):
        Bench(chain=f'{{from: [a, b], steps: [{{concat: ["{piece}"]}}]}}', types=("text", "integer"))
