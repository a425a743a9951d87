"""Names that differ in their case alone stay two names, in the workbench and in what people write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.quote import held_name, true_name
from mappings.sandbox import columns_of, held_expression
from storage.errors import Misuse
from tests.unit.mappings.bench import table

NAMES = st.text(st.sampled_from('aAbB^"é É'), max_size=6)


@given(NAMES, NAMES)
def test_no_two_names_are_held_alike(one: str, other: str) -> None:
    assert true_name(held_name(one)) == one
    assert (held_name(one).lower() == held_name(other).lower()) == (one == other)


THINGS = table("things", {"Id": "integer", "id": "integer", "Größe": "integer", "total": "text"})


@pytest.mark.parametrize(
    ("written", "held", "columns"),
    [
        ("total || 'Id'", "\"total\" || 'Id'", ("total",)),
        ('TOTAL || upper(total) -- "Id"', '"total" || upper("total") -- "Id"', ("total",)),
        ('"Id" + id', '"^id" + "id"', ("Id", "id")),
        ('("größe" + Id) * "Größe"', '("^größe" + "^id") * "^größe"', ("Größe", "Id")),
    ],
)
def test_an_expression_names_the_columns_it_means(written: str, held: str, columns: tuple[str, ...]) -> None:
    assert held_expression(written, THINGS) == held
    assert columns_of(written, THINGS) == columns


def test_a_name_that_may_be_two_columns_is_refused() -> None:
    with pytest.raises(Misuse, match="ID may be Id or id"):
        columns_of("ID + 1", THINGS)
