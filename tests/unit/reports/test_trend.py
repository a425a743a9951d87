"""Timings as stacked bars: every step has its place and number, the longest run fills the width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migrator.outcomes import StepTiming
from migrator.reports.trend import WIDTH, stacked

TIMINGS = st.lists(
    st.builds(StepTiming, step=st.sampled_from("abcdef"), seconds=st.floats(min_value=0, max_value=1e6)), max_size=8
)


@given(runs=st.lists(TIMINGS, max_size=6))
def test_bars_stay_within_the_width_and_a_longer_step_is_not_shorter(runs: list[list[StepTiming]]) -> None:
    drawn = stacked(runs)
    assert len(drawn.stacks) == len(runs)
    for stack, seconds in zip(drawn.stacks, drawn.seconds, strict=True):
        ends = [segment.x + segment.width for segment in stack.segments]
        assert all(end <= WIDTH + 0.1 for end in ends)
        starts = [segment.x for segment in stack.segments[1:]]
        assert all(abs(end - start) < 0.1 for end, start in zip(ends, starts, strict=False))
        taken = [took for took in seconds if took is not None]
        assert [segment.seconds for segment in stack.segments] == taken
        by_time = sorted(stack.segments, key=lambda segment: segment.seconds)
        assert [one.width for one in by_time] == sorted(one.width for one in by_time)


def test_steps_have_one_number_in_all_runs_and_a_step_that_was_not_taken_leaves_no_bar() -> None:
    first = [StepTiming(step="check", seconds=1), StepTiming(step="merge", seconds=3)]
    second = [
        StepTiming(step="merge", seconds=1),
        StepTiming(step="put files", seconds=1),
        StepTiming(step="merge", seconds=1),
    ]
    drawn = stacked([first, second, []])
    assert drawn.steps == ("check", "merge", "put files")
    assert [[segment.number for segment in stack.segments] for stack in drawn.stacks] == [[1, 2], [2, 3], []]
    assert drawn.seconds[1] == (None, 2, 1) and drawn.stacks[2].seconds == 0
    ends = [stack.segments[-1].x + stack.segments[-1].width for stack in drawn.stacks[:2]]
    assert ends[0] > WIDTH - 3 and ends[1] < ends[0]
