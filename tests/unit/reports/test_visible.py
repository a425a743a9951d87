"""Values a person could take for one another look different."""

from __future__ import annotations

import html
import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from migrator.reports.visible import compared, key_text, visible


def shown(markup: Markup) -> str:
    return html.unescape(re.sub("<[^>]*>", "", str(markup)))


def test_values_that_look_alike_do_not() -> None:
    alike: list[str | None] = [
        None,
        "",
        " ",
        "  ",
        "NULL",
        "\t",
        "\n",
        "\r\n",
        "\u00a0",
        "\u200b",
        "\ufeff",
        "a",
        "a ",
        " a",
    ]
    pictures = [str(visible(value)) for value in alike]
    assert all(one != other for one, other in combinations(pictures, 2))
    assert all(shown(visible(value)).strip() for value in alike)


_LOOKALIKE = st.text(" \t\n\u00a0\u200b\u202eaé\u0301<&", max_size=8)


@given(_LOOKALIKE, _LOOKALIKE)
def test_a_difference_is_always_seen(one: str, other: str) -> None:
    if one != other:
        assert str(compared(one, other)) != str(compared(other, one))
        assert "<mark>" in str(compared(one, other)) + str(compared(other, one))


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_value_brings_markup_of_its_own(one: str, other: str) -> None:
    tags = re.findall(r"</?(\w+)", str(compared(one, other)) + str(visible(one)) + str(key_text({one: other})))
    assert set(tags) <= {"bdi", "code", "mark", "span", "small"}


@pytest.mark.parametrize("length", [10, 500, 100_000])
def test_a_difference_far_inside_is_in_sight(length: int) -> None:
    expected, actual = "x" * length + "12" + "y" * length, "x" * length + "13" + "y" * length
    assert "<mark>2</mark>" in str(compared(expected, actual))
    assert "<mark>3</mark>" in str(compared(actual, expected))
    assert len(compared(expected, actual)) < 300


def test_composed_and_combining_accents_are_told_apart() -> None:
    assert "U+0301" in shown(compared("Rene\u0301", "René"))
    assert shown(visible("Rene\u0301")) == "'Rene\u0301'"


def test_a_long_value_says_how_long_it_is() -> None:
    assert "(1,000,000 characters)" in shown(visible("z" * 1_000_000))
