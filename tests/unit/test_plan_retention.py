"""`retention` of a plan: what it does not name is kept, and a slip of the pen is refused with its line."""

from __future__ import annotations

from datetime import timedelta

import pytest

from migrator.plan import Retention, read_plan
from storage.errors import Misuse

PLAN = "plan: exit\ntenant: acme\n"


def read(text: str) -> Retention:
    return read_plan(PLAN + text, file="plan.yaml", variables={}).needs_retention()


def test_what_is_not_named_is_kept() -> None:
    found = read("retention: {}\n")
    assert (found.archives, found.runs, found.keep, found.hold) == (None, None, 3, {})
    with pytest.raises(Misuse, match="names no retention"):
        read("")


def test_how_long_and_what_is_held() -> None:
    found = read("retention:\n  archives: 365d\n  runs: 36h\n  keep: 1\n  hold:\n    a-1: a lawsuit\n")
    assert (found.archives, found.runs, found.keep) == (timedelta(days=365), timedelta(hours=36), 1)
    assert (found.hold, found.lines) == ({"a-1": "a lawsuit"}, {"a-1": "plan.yaml:8"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("archives: 12", "retention.archives is no age: '12'"),
        ("runs: 0d", "retention.runs is no age: '0d'"),
        ("keep: 0", "retention.keep is 0"),
        ("archive: 12d", "archive"),
        ("hold: {a-1: ''}", "a-1"),
        ("hold: [a-1]", "retention.hold"),
    ],
)
def test_a_slip_of_the_pen_is_refused(text: str, said: str) -> None:
    with pytest.raises(Misuse) as refused:
        read(f"retention:\n  {text}\n")
    assert said in refused.value.what and refused.value.where.startswith("plan.yaml:")
