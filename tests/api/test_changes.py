"""What differs between two texts: as difflib says it, and in no time of somebody's choosing."""

from __future__ import annotations

from difflib import unified_diff

from hypothesis import given
from hypothesis import strategies as st

from api.changes import grouped, unified

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "", " d"]), max_size=30)


@given(old=TEXTS, new=TEXTS, around=st.lists(st.sampled_from("xyz"), max_size=12))
def test_it_leads_from_one_text_to_the_other(old: list[str], new: list[str], around: list[str]) -> None:
    before, after = around + old + around, around + new + around
    whole: list[str] = []
    reached = 0
    for group in grouped(before, after):
        for tag, start, end, new_start, new_end in group:
            whole += before[reached:start]
            whole += before[start:end] if tag == "equal" else after[new_start:new_end]
            reached = end
    assert whole + before[reached:] == after


def test_it_reads_as_everybody_writes_it() -> None:
    old = [f"line {number}" for number in range(30)]
    for new in (old[:5] + old[6:], [*old, "more"], ["less"], [], [*old[:3], "x", *old[4:20], "y", *old[20:]], old):
        said = unified("\n".join(old), "\n".join(new), ("a", "b"))
        assert list(said) == list(unified_diff(old, new, "a", "b", lineterm=""))


def test_of_large_texts_that_are_alike_everywhere_the_middle_is_one_change() -> None:
    """Line by line, these would take minutes."""
    old = ["same", *(str(number % 150) for number in range(20_000))]
    new = ["same", *(str(number * 7 % 150) for number in range(1, 20_000))]
    assert list(grouped(old, new)) == [[("equal", 0, 1, 0, 1), ("replace", 1, 20_001, 1, 20_000)]]


def test_two_lines_again_and_again_take_no_minutes_either() -> None:
    """Few enough on one side that difflib leaves out none of what is alike everywhere."""
    old, new = ["a", "b"] * 10_000, ["b", "a", "a"] * 60
    assert list(grouped(old, new)) == [[("replace", 0, 20_000, 0, 180)]]
