from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.quote import literal
from mappings.steps.const import Const
from storage.errors import Misuse
from tests.unit.mappings.bench import Bench, plain
from tests.unit.mappings.strategies import TEXTS

SCALARS = TEXTS | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats() | st.booleans() | st.none()


@settings(max_examples=150, deadline=None)
@given(SCALARS)
def test_any_value_survives_being_written_into_sql(value: object) -> None:
    import duckdb

    ((made,),) = duckdb.sql(f"SELECT {literal(value)}").fetchall()  # type: ignore[arg-type]
    same_nan = isinstance(value, float) and math.isnan(value) and math.isnan(made)
    assert same_nan or (repr(made) == repr(value))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("post", "post"),
        ("'1'", "1"),
        ("1", 1),
        ("-1.5", -1.5),
        ("true", True),
        ("null", None),
        ("no", "no"),
        ("007", "007"),
    ],
)
def test_the_kind_is_what_was_written(written: str, value: object) -> None:
    bench = Bench(chain=f"{{const: {written}}}", types=())
    assert bench.sql(()) == [value]
    assert bench.twin(()) == [value]


def test_a_boolean_in_an_integer_column_is_zero_or_one() -> None:
    bench = Bench(chain="{const: true}", types=(), made="integer")
    bench.agree(())
    assert bench.sql(()) == [1]


def test_it_says_what_is_lost() -> None:
    assert Const(value=1).inverse((plain("text"),)).step is None


@pytest.mark.parametrize("chain", ["{const: 99999999999999999999}", "{const: [1]}", "{const: 1, from: a}"])
def test_what_is_no_constant_is_refused(chain: str) -> None:
    with pytest.raises(Misuse, match=r"bench\.yaml:10"):
        Bench(chain=chain, types=("text",))
