from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import Misuse
from tests.unit.mappings.bench import UNFIT, Bench
from tests.unit.mappings.strategies import INTEGERS, MAYBE_TEXTS

TEXT = Bench(chain="a", types=("text",))


@settings(max_examples=60, deadline=None)
@given(st.lists(MAYBE_TEXTS, min_size=1, max_size=20))
def test_the_value_is_carried_as_it_is(values: list[str | None]) -> None:
    assert TEXT.sql(*values) == values
    assert TEXT.twin(*values) == values


@settings(max_examples=30, deadline=None)
@given(st.lists(st.none() | INTEGERS | st.floats(), min_size=1, max_size=20))
def test_a_variant_is_carried_with_its_tags(values: list[object]) -> None:
    from storage.types import Variant

    cells = [None if value is None else Variant.encode(value) for value in values]  # type: ignore[arg-type]
    assert Bench(chain="a", types=("variant",)).sql(*cells) == cells


def test_a_target_type_is_reached_without_a_step_where_values_fit() -> None:
    numbers = Bench(chain="{from: a}", types=("text",), made="integer")
    assert numbers.sql("1", None) == [1, None]
    assert numbers.sql("1", "one") == [UNFIT, UNFIT]
    numbers.agree("1", "one", None, "-7", "")


def test_bytes_never_become_something_else_by_themselves() -> None:
    with pytest.raises(Misuse, match="binary never fits integer"):
        Bench(chain="a", types=("binary",), made="integer")


def test_it_is_not_written_as_a_step() -> None:
    with pytest.raises(Misuse, match="rename"):
        Bench(chain="{from: a, steps: [{rename: b}]}", types=("text",))
