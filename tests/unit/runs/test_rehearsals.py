"""A rehearsal forecasts the migration, and says what is not as it was in the one before."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from migrator.engine.load import DIGEST_AGAIN, GIVEN_UP, MERGING, UNDOING
from migrator.engine.revert import TAKING_BACK
from migrator.outcomes import Change, StepTiming, Verdict
from migrator.runs.rehearsals import compared, forecast, held_against, is_measured, scaled
from tests.unit.reports.report_samples import GREEN, REHEARSAL, ROLLBACK

STEPS = (
    StepTiming(step="check", seconds=2.0),
    StepTiming(step="stage", seconds=10.0, rows=1_000),
    StepTiming(step=GIVEN_UP, seconds=30.0),
    StepTiming(step=MERGING, seconds=4.0, rows=1_000),
    StepTiming(step="verify", seconds=6.0, rows=1_000),
    StepTiming(step=UNDOING, seconds=1.5),
    StepTiming(step=DIGEST_AGAIN, seconds=0.5),
)
TIMED = replace(REHEARSAL, timings=STEPS)


def test_a_migration_takes_what_its_rehearsal_took_but_for_the_way_back() -> None:
    found = forecast(TIMED, rows=1_200)
    assert (found.seconds, found.lock_seconds, found.rollback_seconds, found.rows) == (22.0, 4.0, 1.5, 1_200)
    assert "rehearsal 3" in found.basis and REHEARSAL.target in found.basis


def test_the_way_back_after_the_commit_is_that_of_a_rollback() -> None:
    assert forecast(TIMED, rows=1_200).way_back_seconds is None
    loaded = sum(edge.loaded for edge in TIMED.equations)
    taken_back = replace(
        ROLLBACK,
        rollback={"reversed": 2 * loaded, "kept": 0, "failed": 0},
        timings=(StepTiming(step=TAKING_BACK, seconds=8.0),),
    )
    assert is_measured(taken_back)
    assert not is_measured(replace(taken_back, timings=()))  # of a version that did not say, or resumed
    assert not is_measured(replace(taken_back, rollback={"reversed": 0, "kept": 0, "failed": 0}))
    found = forecast(TIMED, 1_200, taken_back)
    assert found.way_back_seconds == 4.0 and f"{2 * loaded} rows" in found.way_back_basis
    assert scaled(found, 2_400).way_back_seconds == 8.0


def test_of_a_merge_that_was_tried_twice_the_last_one_counts() -> None:
    twice = (*STEPS[:4], StepTiming(step=MERGING, seconds=9.0, rows=1_000), *STEPS[4:])
    assert forecast(replace(TIMED, timings=twice), rows=1).lock_seconds == 9.0


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_another_archive_takes_its_share(rehearsed: int, rows: int) -> None:
    found = forecast(TIMED, rows=rehearsed)
    other = scaled(found, rows)
    assert other.rows == rows
    assert abs(other.seconds - found.seconds * rows / rehearsed) < 0.001
    assert (other == found) is (rows == rehearsed)


def test_nothing_is_scaled_by_an_archive_without_rows() -> None:
    found = forecast(TIMED, rows=0)
    assert scaled(found, 10) == found


def test_afterwards_it_stands_beside_what_the_migration_took() -> None:
    found = held_against(forecast(TIMED, rows=1), STEPS[:5])
    assert (found.took_seconds, found.took_lock_seconds) == (52.0, 4.0)
    assert found.seconds == 22.0


def test_the_same_rehearsal_again_differs_in_nothing() -> None:
    before = compared(replace(TIMED, run="later", number=4), TIMED)
    assert (before.run, before.number, before.verdict) == (TIMED.run, 3, Verdict.GREEN)
    assert (before.changes, before.slower) == ((), ())


def test_what_changed_is_told_before_and_now() -> None:
    parts = TIMED.seal_parts
    assert parts is not None
    columns = (replace(TIMED.columns[0], fate="dropped", target="", how=""), *TIMED.columns[1:])
    edges = (replace(TIMED.equations[0], archive=121, loaded=118), *TIMED.equations[1:-1])
    now = replace(
        TIMED, seal_parts=replace(parts, mapping="new"), columns=columns, equations=edges, verdict=Verdict.RED
    )
    changes = compared(now, TIMED).changes
    assert Change(what="verdict", before="green", now="red") in changes
    assert Change(what="seal: mapping", before=parts.mapping, now="new") in changes
    assert Change(what="members → accounts, archive", before="120", now="121") in changes
    assert Change(what="column members.id", before="converted accounts.id remap uuid5", now="dropped") in changes
    assert Change(what="invitations → invitations, archive", before="0", now="") in changes
    assert not [change for change in changes if "kept" in change.what and "members" in change.what]


def test_a_step_is_slower_if_each_row_takes_notably_longer() -> None:
    def at(seconds: float, rows: int) -> list[str]:
        stage = StepTiming(step="stage", seconds=seconds, rows=rows)
        return [step.step for step in compared(replace(TIMED, timings=(stage,)), TIMED).slower]

    assert at(20.0, 1_000) == ["stage"]
    assert at(20.0, 2_000) == []
    assert at(10.9, 1_000) == []  # less than a second
    assert at(11.5, 1_000) == []  # less than a fifth
    assert [step.step for step in compared(GREEN, TIMED).slower] == []  # its steps have other names
