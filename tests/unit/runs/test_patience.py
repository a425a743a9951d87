"""A catalog that is away in a run: told, waited for, and given up in time; nobody's silence is counted meanwhile."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from migrator.outcomes import Tick
from migrator.runs.liveness import heart as hearts
from migrator.runs.liveness.heart import Heart
from migrator.runs.liveness.pace import Pace
from migrator.runs.patience import Patience
from migrator.runs.records import Clock, RunRecord, seen
from storage.errors import Fault

AT = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
RUN = RunRecord(
    run_id="r",
    kind="migration",
    number=1,
    plan="p",
    tenant="t",
    state="running",
    started_at=AT.isoformat(),
    heartbeat_at=AT.isoformat(),
    host="another",
    process=1,
)


class Asked:
    """A catalog that is there, away or silent for ever, as a test says; and its lock."""

    def __init__(self) -> None:
        self.is_away = False
        self.answers = threading.Event()
        self.answers.set()

    def beat(self, _record: RunRecord, _progress: Any) -> str:
        self.answers.wait()
        if self.is_away:
            raise Fault("connection refused")
        return "running"

    def is_kept(self) -> bool:
        return True


def heart(asked: Asked, told: list[str], patience: Patience) -> Heart:
    def hear(tick: Tick) -> None:
        told.append(tick.step)

    return Heart(catalog=asked, record=RUN, hold=asked, pace=Pace(), patience=patience, progress=hear)  # type: ignore[arg-type]


def comes(told: list[str], words: str) -> None:
    until = time.monotonic() + 60
    while not any(words in line for line in told):
        assert time.monotonic() < until, told
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearts, "BEAT_S", 0.05)
    monkeypatch.setattr(hearts, "TOLD_S", 0.3)


@pytest.mark.parametrize("is_silent", [False, True])
def test_who_performs_a_run_is_told_that_its_catalog_is_away_and_that_it_is_back(is_silent: bool) -> None:
    asked, told = Asked(), list[str]()
    with heart(asked, told, Patience(60)).beating():
        if is_silent:
            asked.answers.clear()
        asked.is_away = not is_silent
        comes(told, "does not answer: waited for, 60 s at most")
        asked.is_away = False
        asked.answers.set()
        comes(told, "answers again")
    assert all(one != next_ for one, next_ in pairwise(told))


def test_who_waited_for_long_enough_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, patience = Asked(), Patience(0.5)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), heart(asked, [], patience).beating():
            asked.is_away = True
            threading.Event().wait(60)
    finally:
        signal.signal(signal.SIGINT, before)
    assert patience.ran_out
    with pytest.raises(Fault, match="away for too long"):
        patience.had(lambda: "never asked")


def test_what_is_asked_for_meanwhile_comes_when_the_catalog_does() -> None:
    answers = iter([Fault("away"), "here"])

    def get() -> str:
        if isinstance(answer := next(answers), Fault):
            raise answer
        return answer

    patience = Patience(60)
    assert patience.had(get) == "here"
    assert patience.away_s < 60


def test_who_does_not_want_to_wait_is_told_at_once() -> None:
    patience = Patience(60)
    patience.give_up()

    def get() -> str:
        raise Fault("connection refused")

    with pytest.raises(Fault, match="refused"):
        patience.had(get)
    assert not patience.ran_out


@pytest.mark.parametrize(("restarted_s", "state"), [(None, "lost"), (25, "running"), (5, "lost")])
def test_a_server_that_was_away_heard_no_heart(restarted_s: int | None, state: str) -> None:
    clock = Clock(now=AT + timedelta(seconds=30))
    if restarted_s is not None:
        clock = replace(clock, since=AT + timedelta(seconds=restarted_s))
    assert seen(RUN, clock).state == state


def test_only_deaths_without_a_step_in_between_are_counted() -> None:
    lost = replace(RUN, state="lost", deaths=1, last_step="stage a")
    assert lost.deaths_after("stage a") == 2
    assert lost.deaths_after("stage b") == 0
    assert replace(lost, state="parked").deaths_after("stage a") == 0
