"""One sentence of many places is said once."""

from __future__ import annotations

from storage.problem import Problem, gathered


def told(*places: str, what: str = "left out") -> list[Problem]:
    return [Problem(where=place, what=what, next="make it") for place in places]


def test_one_sentence_of_many_places_names_them() -> None:
    places = [f"t{number}" for number in range(12)]
    (one,) = gathered(told(*places))
    assert (one.where, one.what, one.next) == ("t0 and 11 more", "left out", "make it")
    assert (one.count, one.examples) == (12, tuple(places[:10]))


def test_two_places_stay_two() -> None:
    assert gathered(told("a", "b")) == tuple(told("a", "b"))


def test_a_place_that_is_told_twice_is_one() -> None:
    assert gathered(told("a", "b", "a")) == tuple(told("a", "b"))


def test_other_sentences_stand_apart_in_their_order() -> None:
    found = gathered([*told("a"), *told("x", what="lost"), *told("b", "c")])
    assert [problem.where for problem in found] == ["a and 2 more", "x"]


def test_what_has_a_count_or_examples_of_its_own_keeps_them() -> None:
    rows = [Problem(where=place, what="rows point at none", count=3, examples=("7",)) for place in "abc"]
    assert gathered(rows) == tuple(rows)
