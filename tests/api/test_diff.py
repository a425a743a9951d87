"""What differs between two versions, as a page shows it."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from api.pages.diff import Diff, diff
from api.pages.frame import _environment
from api.pages.words import words

TEXTS = st.lists(st.sampled_from(["a: 1", "a: 2", "b: one two three", "b: one too three", "", "  c"]), max_size=12)


def sides(found: Diff, sign: str) -> list[str]:
    return [
        "".join(piece.text for piece in line.pieces) for part in found.stretches for line in part if line.sign in sign
    ]


@given(old=TEXTS, new=TEXTS)
def test_the_lines_shown_lead_from_one_text_to_the_other(old: list[str], new: list[str]) -> None:
    found = diff("\n".join(old), "\n".join(new))
    lines, others = "\n".join(old).splitlines(), "\n".join(new).splitlines()
    for part in found.stretches:
        for line in part:
            text = "".join(piece.text for piece in line.pieces)
            assert line.before is None or lines[line.before - 1] == text
            assert line.after is None or others[line.after - 1] == text
    gone, come = sides(found, "−"), sides(found, "+")
    assert len(lines) - len(gone) + len(come) == len(others)
    assert (found.stretches == ()) is (lines == others)


def test_within_a_line_that_changed_the_words_are_marked() -> None:
    (stretch,) = diff("rows: from people where a\nsame", "rows: from persons where a\nsame").stretches
    marked = [[piece.text for piece in line.pieces if piece.is_changed] for line in stretch]
    assert marked == [["people"], ["persons"], []]


def test_it_is_shown_with_signs_and_nothing_in_it_is_markup() -> None:
    template = _environment().from_string(
        '{% from "diff.html.j2" import differences %}{{ differences(t, found, "c") }}'
    )
    shown = template.render(t=words("en"), found=diff("one\n", "<b>&\n"))
    assert "&lt;b&gt;&amp;" in shown and "<b>" not in shown
    assert "added" in shown and "−" in shown
    assert words("fr")("diff.equal") in template.render(t=words("fr"), found=diff("one", "one"))


def test_lines_that_are_alike_everywhere_are_told_apart_as_a_whole() -> None:
    """Word by word, these would take minutes."""
    old = "\n".join(f"same {number}" if number % 50 == 49 else "a b " * 249 + str(number) for number in range(1_000))
    new = "\n".join(f"same {number}" if number % 50 == 49 else "b a a " * 165 + str(number) for number in range(1_000))
    began = time.process_time()
    found = diff(old, new)
    assert time.process_time() - began < 10
    assert found.added == found.removed == 980
