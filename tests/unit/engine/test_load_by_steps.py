"""A load that is stopped, wherever, goes on: what it finished is not done again, and the end is that of no stop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.engine import load as loading
from migrator.engine import patience
from migrator.engine.check import MapCheck
from migrator.engine.load import Loaded, load, stands
from migrator.engine.verify import READ_BEFORE
from migrator.outcomes import Tick, Verdict
from migrator.platforms.sqlite.merge import SqliteMerge
from migrator.platforms.sqlite.staging import SqliteStaging
from storage.errors import Fault, Red
from tests.conformance.platforms import SqlitePlatform
from tests.support_steps import DONE, RECORDED, KeptSteps, Struck, strike_at
from tests.unit.engine.goods import IDENTITY, fitting, goods, shop

STEPS = ["stage items", "stage words", "merge", "verify items", "verify words"]


@pytest.fixture
def target(tmp_path: Path) -> SqlitePlatform:
    return shop(tmp_path, items="(2, 'mine', 1.5), (9, 'x', 2)")


@pytest.fixture
def check(platform: SqlitePlatform, target: SqlitePlatform) -> Iterator[MapCheck]:
    with fitting(goods(platform), target, policy="keep") as found:
        yield found


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables that were copied into staging, each time."""
    stage, tables = SqliteStaging.stage, list[str]()

    def counted(self: SqliteStaging, staged: Any, batches: Any) -> int:
        tables.append(staged.table.name)
        return stage(self, staged, batches)

    monkeypatch.setattr(SqliteStaging, "stage", counted)
    return tables


def loaded(check: MapCheck, target: SqlitePlatform, steps: KeptSteps, *, rehearse: bool = False) -> Loaded:
    assert check.prepared is not None
    return load(check.prepared, target.target(), IDENTITY, rehearse=rehearse, whole=True, steps=steps)


def told(found: Loaded) -> Loaded:
    """What a report says of it, but for how long it took, and which attempt did it."""
    checks = tuple(check for check in found.verification.checks if check.name != READ_BEFORE)
    return replace(found, lock_seconds=0.0, timings=(), verification=replace(found.verification, checks=checks))


def rows_of(target: SqlitePlatform) -> dict[str, Any]:
    """Everything but the marker, which says when."""
    return {name: rows for name, rows in target.dump().items() if name != "migrator_loads"}


def left(target: SqlitePlatform) -> Sequence[str]:
    return [path.name for path in target.path.parent.glob("*.stage*")]


@pytest.mark.parametrize(
    ("rehearse", "step", "when"),
    [
        *((False, step, when) for step in STEPS for when in (DONE, RECORDED)),
        *((True, step, when) for step in ("stage words", "merge") for when in (DONE, RECORDED)),
    ],
)
def test_what_is_finished_is_not_done_again(
    check: MapCheck, target: SqlitePlatform, tmp_path: Path, staged: list[str], rehearse: bool, step: str, when: str
) -> None:
    undisturbed = loaded(check, target, KeptSteps(path=tmp_path / "0.json"), rehearse=rehearse)
    after = rows_of(target)
    if not rehearse:
        target.target().undo("r1")
    staged.clear()
    steps = KeptSteps(path=tmp_path / "1.json", strike=strike_at(step, when))
    with pytest.raises(Struck):
        loaded(check, target, steps, rehearse=rehearse)
    again = loaded(check, target, KeptSteps(path=steps.path, attempt=2), rehearse=rehearse)
    assert (again.verdict, told(again)) == (Verdict.GREEN, told(undisturbed))
    assert rows_of(target) == after
    assert staged == ["items", "words"]
    assert list(steps.kept) == (STEPS[:3] if rehearse else STEPS)
    assert left(target) == []
    earlier = [check.detail for check in again.verification.checks if check.name == READ_BEFORE]
    assert bool(earlier) is (step == "verify words" or (step, when) == ("verify items", RECORDED))
    assert {timing.step for timing in again.timings} == {timing.step for timing in undisturbed.timings}


def test_a_table_that_was_stopped_half_way_is_staged_again_and_no_other(
    check: MapCheck, target: SqlitePlatform, tmp_path: Path, staged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = KeptSteps(path=tmp_path / "steps.json")
    with monkeypatch.context() as patch:
        patch.setattr(SqliteStaging, "_index", lambda _self, one, _name: _lost() if one.table.name == "words" else None)
        with pytest.raises(Fault):
            loaded(check, target, steps)
    assert len(left(target)) == 1
    assert loaded(check, target, replace(steps, attempt=2)).verdict is Verdict.GREEN
    assert staged == ["items", "words", "words"]
    assert left(target) == []


def _lost() -> None:
    raise Fault("the connection was lost")


@pytest.mark.parametrize(("is_lost", "again"), [(True, ["items", "words"]), (False, ["words"])], ids=["lost", "less"])
def test_staging_that_is_lost_or_changed_is_made_again(
    check: MapCheck, target: SqlitePlatform, tmp_path: Path, staged: list[str], is_lost: bool, again: list[str]
) -> None:
    steps = KeptSteps(path=tmp_path / "steps.json", strike=strike_at("stage words", RECORDED))
    with pytest.raises(Struck):
        loaded(check, target, steps)
    (stage,) = target.path.parent.glob("*.stage")
    if is_lost:
        stage.unlink()
    else:
        SqlitePlatform(stage).run("DELETE FROM words;")
    assert loaded(check, target, replace(steps, attempt=2, strike=strike_at("", ""))).verdict is Verdict.GREEN
    assert staged == ["items", "words", *again]


def test_what_somebody_changed_between_two_attempts_is_decided_anew(
    check: MapCheck, target: SqlitePlatform, tmp_path: Path, staged: list[str], platform: SqlitePlatform
) -> None:
    steps = KeptSteps(path=tmp_path / "steps.json", strike=strike_at("stage words", RECORDED))
    with pytest.raises(Struck):
        loaded(check, target, steps)
    target.run("DELETE FROM items WHERE id = 2;")  # the row that was to be kept
    assert check.prepared is not None
    with fitting(check.prepared.archive, target, policy="keep") as anew:
        assert loaded(anew, target, replace(steps, attempt=2)).verdict is Verdict.GREEN
    assert staged == ["items", "words", "items"]
    assert target.rows("SELECT id FROM items ORDER BY id") == [(1,), (2,), (9,)]


def test_a_red_answer_ends_the_run_and_keeps_nothing(
    check: MapCheck, target: SqlitePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqliteMerge, "check", lambda _self, _staged: ("an orphan",))
    with pytest.raises(Red, match="orphan"):
        loaded(check, target, KeptSteps(path=tmp_path / "steps.json"))
    assert left(target) == []


def test_a_server_that_goes_on_with_a_killed_attempt_is_waited_for(
    check: MapCheck, target: SqlitePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_PAUSES_S", (0.0,))
    assert check.prepared is not None
    with ExitStack() as killed:
        killed.enter_context(target.target().staging("r1", keep=True))
        told = list[Tick]()

        def tell(tick: Tick) -> None:
            told.append(tick)
            if waited(told) == 5:
                killed.close()

        steps = KeptSteps(path=tmp_path / "steps.json", attempt=2)
        found = load(
            check.prepared, target.target(), IDENTITY, rehearse=False, patience_s=600, steps=steps, progress=tell
        )
    assert found.verdict is Verdict.GREEN
    assert waited(told) == 5


def test_a_commit_that_was_still_under_way_is_found_by_the_next_attempt(
    check: MapCheck, target: SqlitePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = loaded(check, target, KeptSteps(path=tmp_path / "0.json"))
    after, steps = rows_of(target), KeptSteps(path=tmp_path / "1.json", attempt=2)
    with monkeypatch.context() as patch:
        asked = iter([None])
        patch.setattr(loading, "stands", lambda *given: next(asked, stands(*given)))  # not yet, when it is asked first
        with pytest.raises(Fault, match="made meanwhile"):
            loaded(check, target, steps)
    assert told(loaded(check, target, replace(steps, attempt=3))) == told(undisturbed)
    assert rows_of(target) == after


def waited(told: Sequence[Tick]) -> int:
    return sum(tick.what == "another process is loading this run" for tick in told)
