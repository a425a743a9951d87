from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.steps.hash import Hash
from storage.errors import Misuse
from tests.unit.mappings.bench import Bench, plain
from tests.unit.mappings.strategies import MAYBE_TEXTS

PLAIN = Bench(chain="{from: a, steps: [{hash: {}}]}", types=("text",))
DOMAIN = Bench(chain="{from: a, steps: [{hash: {keep: domain}}]}", types=("text",))


@settings(max_examples=60, deadline=None)
@given(st.lists(MAYBE_TEXTS | st.emails(), min_size=1, max_size=20))
def test_sql_is_its_twin(values: list[str | None]) -> None:
    PLAIN.agree(*values)
    DOMAIN.agree(*values)


def test_it_is_the_specified_pseudonym() -> None:
    key = hashlib.sha256(b"migrator:hash:acme").hexdigest()
    expected = hashlib.sha256((key + "ana@x.org").encode()).hexdigest()[:32]
    assert PLAIN.sql("ana@x.org") == [expected]
    assert DOMAIN.sql("ana@x.org", "no address") == [f"{expected}@x.org", PLAIN.sql("no address")[0]]


def test_the_same_value_of_another_tenant_is_another() -> None:
    class Other:
        tenant = "other"

    column = PLAIN.compiled.edges[0].columns[-1]
    assert column.twin({"a": "x"}, Other()) != column.twin({"a": "x"}, PLAIN)  # type: ignore[arg-type]


def test_nobody_comes_back_from_it() -> None:
    assert Hash().inverse((plain("text"),)).step is None


@pytest.mark.parametrize("argument", ["{keep: name}", "{keeps: domain}", "domain"])
def test_an_unknown_form_is_refused(argument: str) -> None:
    with pytest.raises(Misuse, match=r"bench\.yaml:10"):
        Bench(chain=f"{{from: a, steps: [{{hash: {argument}}}]}}", types=("text",))
