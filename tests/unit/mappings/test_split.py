from __future__ import annotations

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.steps.split import Split
from storage.errors import Misuse
from tests.unit.mappings.bench import Bench, plain
from tests.unit.mappings.strategies import MAYBE_TEXTS


@functools.cache
def bench(by: str, part: int) -> Bench:
    """No table of the module's: one was still alive when the interpreter ended, which DuckDB tells at length."""
    return Bench(chain=f'{{from: a, steps: [{{split: {{by: "{by}", part: {part}}}}}]}}', types=("text",))


@pytest.mark.parametrize(("by", "part"), [(" ", 1), (" ", -1), ("ab", 2), ("e", -2), ("'", 1), (".", 3)])
def test_sql_is_its_twin(by: str, part: int) -> None:
    piece = st.sampled_from([by, "x", "é", "e\u0301", ""])

    @settings(max_examples=25, deadline=None)
    @given(st.lists(MAYBE_TEXTS | st.lists(piece, max_size=6).map("".join), min_size=1, max_size=20))
    def agrees(values: list[str | None]) -> None:
        bench(by, part).agree(*values)

    agrees()


def test_parts_count_from_both_ends_and_a_missing_one_is_null() -> None:
    assert bench(" ", 1).sql("Ana Maria Silva", "", None) == ["Ana", "", None]
    assert bench(" ", -1).sql("Ana Maria Silva", "Ana") == ["Silva", "Ana"]
    assert bench("ab", 2).sql("x", "xaby") == [None, "y"]


def test_a_number_is_split_as_its_text() -> None:
    numbers = Bench(chain='{from: a, steps: [{split: {by: ".", part: 2}}]}', types=("float",))
    numbers.agree(1.5, -0.25, 1e300, None)


def test_it_says_what_is_lost() -> None:
    inverse = Split(by=" ", part=1).inverse((plain("text"),))
    assert inverse.step is None
    assert inverse.why


@pytest.mark.parametrize(
    "argument", ['{by: " ", part: 0}', '{by: "", part: 1}', '{by: " "}', '{by: " ", part: one}', "1"]
)
def test_an_argument_that_means_nothing_is_refused(argument: str) -> None:
    with pytest.raises(Misuse, match=r"bench\.yaml:10"):
        Bench(chain=f"{{from: a, steps: [{{split: {argument}}}]}}", types=("text",))
