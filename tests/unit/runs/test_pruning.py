"""What goes by a policy is needed by nobody; what stays says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.runs.pruning import Policy, Pruning, pruning
from migrator.runs.records import RunRecord

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def run(kind: str, number: int, *, age: int = 200, state: str = "done", of: RunRecord | None = None) -> RunRecord:
    at = (NOW - timedelta(days=age)).isoformat()
    return RunRecord(
        run_id=f"{kind}-{number}",
        kind=kind,
        number=number,
        plan="acme-exit",
        tenant="acme",
        state=state,
        started_at=at,
        finished_at=at if state == "done" else None,
        of_run=of.run_id if of else None,
        host="here",
        process=1,
    )


def pruned(*runs: RunRecord, keep: int = 1, days: int = 90, standing: Sequence[RunRecord] = ()) -> Pruning:
    def needed(asked: RunRecord) -> str | None:
        return "its load stands" if asked in standing else None

    return pruning(runs, Policy(keep=keep, days=days), NOW, needed)


def ids(found: Pruning) -> list[str]:
    return [one.run_id for one in found.goes]


def whys(found: Pruning) -> dict[str, str]:
    return {stays.run.run_id: stays.because for stays in found.stays}


def test_the_newest_of_each_kind_stay_however_old() -> None:
    runs = [run("rehearsal", 1), run("rehearsal", 2), run("rehearsal", 3), run("snapshot", 1)]
    assert ids(pruned(*runs, keep=2)) == ["rehearsal-1"]
    assert ids(pruned(*runs, keep=1)) == ["rehearsal-1", "rehearsal-2"]
    assert ids(pruned(*runs, keep=0)) == ["rehearsal-1", "rehearsal-2"]  # the next is numbered after the last


def test_the_young_stay() -> None:
    runs = [run("rehearsal", 1, age=91), run("rehearsal", 2, age=89), run("rehearsal", 3, age=88)]
    found = pruned(*runs)
    assert (ids(found), found.young) == (["rehearsal-1"], 2)


def test_another_plans_runs_are_counted_by_themselves() -> None:
    runs = [run("rehearsal", 1), replace(run("rehearsal", 2), plan="beta-exit", run_id="beta")]
    assert ids(pruned(*runs)) == []


@pytest.mark.parametrize("state", ["running", "queued", "parked", "lost"])
def test_what_has_not_ended_stays(state: str) -> None:
    found = pruned(run("migration", 1, state=state), run("migration", 2))
    assert ids(found) == [] and state in whys(found)["migration-1"]


def test_a_load_that_stands_keeps_its_record_and_what_tells_of_it() -> None:
    load = run("migration", 1)
    runs = [load, run("verification", 1, of=load), run("closing", 1, of=load), run("migration", 2)]
    later = [run("verification", 2, of=runs[-1]), run("closing", 2, of=runs[-1])]
    found = pruned(*runs, *later, standing=[load])
    assert ids(found) == ["verification-1"]
    assert whys(found) == {
        "migration-1": "its load stands",
        "closing-1": "it says what became of migration-1, which stays",
    }
    assert ids(pruned(*runs, *later)) == ["migration-1", "verification-1", "closing-1"]


def test_what_a_younger_run_refers_to_stays() -> None:
    load = run("migration", 1)
    found = pruned(load, run("migration", 2), run("verification", 1, age=1, of=load), run("verification", 2))
    assert ids(found) == []
    assert whys(found) == {"migration-1": "verification-1 refers to it, and stays"}


@given(st.data())
def test_nothing_that_stays_refers_to_what_goes_and_the_last_number_is_never_lost(data: st.DataObject) -> None:
    loads = [run("migration", n, age=data.draw(st.integers(0, 200))) for n in range(1, data.draw(st.integers(2, 6)))]
    after = [
        run(kind, number, age=data.draw(st.integers(0, 200)), of=data.draw(st.sampled_from(loads)))
        for kind in ("verification", "rollback", "closing")
        for number in range(1, data.draw(st.integers(1, 4)))
    ]
    standing = data.draw(st.lists(st.sampled_from(loads)))
    runs = data.draw(st.permutations([*loads, *after]))
    found = pruned(*runs, keep=data.draw(st.integers(0, 2)), standing=standing)
    gone = set(ids(found))
    stay = [one for one in runs if one.run_id not in gone]
    assert not gone & {one.of_run for one in stay}
    assert not gone & {one.run_id for one in standing}
    assert {(one.kind, max(r.number for r in runs if r.kind == one.kind)) for one in runs} == {
        (one.kind, max(r.number for r in stay if r.kind == one.kind)) for one in stay
    }
