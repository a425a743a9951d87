"""How fast a run is, by what it ticks: over a while, not since it began, and honest when it stands still."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from migrator.outcomes import Tick
from migrator.runs.liveness.pace import Pace, Position


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def paced(ticks: Sequence[tuple[float, int]], *, total: int | None, now: float, step: str = "stage") -> Position:
    """The position at `now` after ticks at these moments."""
    clock = Clock()
    pace = Pace(clock)
    for at, done in ticks:
        clock.seconds = at
        pace.tick(Tick(step=step, what="companies", done=done, total=total))
    clock.seconds = now
    position = pace.position()
    assert position is not None
    return position


def test_a_run_that_has_said_nothing_is_nowhere() -> None:
    assert Pace().position() is None


def test_rate_and_time_left_are_of_the_rows_since_the_first_tick() -> None:
    position = paced([(0, 0), (1, 100), (2, 200)], total=1000, now=2)
    assert (position.rows_per_second, position.seconds_left, position.percent) == (100.0, 8.0, 20)


def test_what_an_earlier_attempt_did_is_not_this_ones_speed() -> None:
    assert paced([(0, 900), (10, 1000)], total=2000, now=10).rows_per_second == 10.0


def test_a_run_that_stands_still_becomes_slower() -> None:
    ticks = [(0.0, 0), (1.0, 100)]
    assert paced(ticks, total=1000, now=1).rows_per_second == 100.0
    assert paced(ticks, total=1000, now=10).rows_per_second == 10.0


def test_an_hour_ago_it_was_quicker_and_that_counts_no_more() -> None:
    quick = [(float(at), 1000 * at) for at in range(60)]
    slow = [(60.0 + at, 60_000 + at) for at in range(60)]
    assert paced([*quick, *slow], total=None, now=119).rows_per_second == 1.0


def test_without_a_total_nobody_knows_what_is_left() -> None:
    position = paced([(0, 0), (5, 50)], total=None, now=5)
    assert (position.rows_per_second, position.seconds_left, position.percent) == (10.0, None, None)


def test_the_next_table_begins_anew() -> None:
    clock = Clock()
    pace = Pace(clock)
    for at, what, done in ((0.0, "a", 0), (10.0, "a", 1000), (10.0, "b", 0), (20.0, "b", 10)):
        clock.seconds = at
        pace.tick(Tick(step="stage", what=what, done=done, total=1000))
    position = pace.position()
    assert position is not None
    assert (position.what, position.rows_per_second) == ("b", 1.0)


@given(
    st.lists(st.tuples(st.floats(0, 100), st.integers(0, 10**9)), min_size=1, max_size=30),
    st.none() | st.integers(0, 10**9),
)
def test_whatever_is_ticked_it_can_be_kept_and_read(steps: list[tuple[float, int]], total: int | None) -> None:
    at, ticks = 0.0, []
    for seconds, done in steps:
        at += seconds
        ticks.append((at, done))
    position = paced(ticks, total=total, now=at)
    assert Position.read(position.kept()) == position
    assert position.percent is None or 0 <= position.percent <= 100
    assert position.seconds_left is None or position.seconds_left >= 0
