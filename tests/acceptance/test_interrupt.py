"""Ctrl-C, SIGTERM and kill -9 at any moment: nothing half-made is visible, and the same command gets there."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from migrator.platforms.sqlite.claims import claim_path
from migrator.platforms.sqlite.target import SqliteTarget
from migrator.service import Service, archiving
from tests.acceptance.office import office
from tests.acceptance.world import Answer, World, changing, dump

MOMENTS = 2  # of each command and signal
LONGEST = 1.2  # seconds: what the longest of these commands takes, about


@pytest.fixture(scope="module")
def busy_office(tmp_path_factory: pytest.TempPathFactory) -> World:
    """An office with so many notes that there is something to interrupt; its archive is taken."""
    world = office(tmp_path_factory.mktemp("busy"))
    with changing(world.source) as connection:
        notes = ((number, 1 + number % 2, f"note {number}") for number in range(10, 20_000))
        connection.executemany("INSERT INTO notes VALUES (?, ?, ?)", notes)
    world.json("snapshot", world.plan)
    return world


@pytest.fixture
def chance() -> random.Random:
    """A new seed each time, printed, so that a moment that went wrong can be had again: SEED=… pytest …"""
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    print(f"SEED={seed}")
    return random.Random(seed)  # noqa: S311 - moments, not secrets


def _stopped(world: World, *arguments: object, by: signal.Signals, after: float) -> Answer:
    """The command's answer when the signal came so many seconds after its run was recorded."""
    before = len(world.runs())
    process = world.start(*arguments)
    with closing(sqlite3.connect(world.home / "catalog.db", timeout=30)) as catalog:
        while process.poll() is None and catalog.execute("SELECT count(*) FROM runs").fetchone() == (before,):
            time.sleep(0.01)
    time.sleep(after)
    process.send_signal(by)
    stdout, stderr = process.communicate(timeout=300)
    print(f"{arguments[0]} {by.name} after {after:.3f} s: {process.returncode}")
    return Answer(code=process.returncode, stdout=stdout, stderr=stderr)


def _is_parked(world: World, answer: Answer) -> bool:
    """Whether the signal came in time; a run that was quicker must have ended well, if not been told of."""
    state = world.runs()[-1]["state"]
    assert (answer.code, state) in ((130, "parked"), (0, "done"), (130, "done")), answer
    assert "Traceback" not in answer.stderr
    return state == "parked"


BOTH = pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=lambda by: by.name)
ANY = pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda by: by.name)


@BOTH
def test_snapshot(busy_office: World, tmp_path: Path, chance: random.Random, by: signal.Signals) -> None:
    world = busy_office.copied(tmp_path)
    for _ in range(MOMENTS):
        there = world.archives()
        answer = _stopped(world, "snapshot", world.plan, by=by, after=chance.uniform(0, LONGEST / 2))
        if _is_parked(world, answer):
            assert world.archives() == there
            assert [part for part in ("error", "where", "next") if f"{part}:" not in answer.stderr] == []
    assert world.json("archive", "check", world.json("snapshot", world.plan)["archive"])["verdict"] == "green"


@BOTH
def test_who_stops_a_snapshot_that_stands_comes_too_late(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: signal.Signals
) -> None:
    """It was told that nothing was visible, with a whole archive in the store."""
    world, record = right_office.copied(tmp_path), archiving._record_archive

    def stopped(*arguments: Any) -> None:
        os.kill(os.getpid(), by)
        record(*arguments)

    monkeypatch.setattr(archiving, "_record_archive", stopped)
    taken = world.json("snapshot", world.plan)
    assert Path(taken["archive"]) in world.archives()
    assert world.runs()[-1]["state"] == "done"


def test_who_stops_a_command_outside_of_a_run_is_told(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended with 130 and without a word, between the run's end and the command's."""
    world = right_office.copied(tmp_path)

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Service, "runs", stopped)
    assert "interrupted" in world.json("runs", "list", code=130)["error"]


@ANY
def test_rehearse(busy_office: World, tmp_path: Path, chance: random.Random, by: signal.Signals) -> None:
    world = busy_office.copied(tmp_path)
    before = world.state()
    for _ in range(MOMENTS):
        _is_parked(world, _stopped(world, "rehearse", world.plan, by=by, after=chance.uniform(0, LONGEST)))
        assert {name: hash for name, hash in world.state().items() if ".stage" not in name} == before
    assert world.json("rehearse", world.plan)["verdict"] == "green"
    assert world.state() == before


@BOTH
def test_migrate_and_rollback(busy_office: World, tmp_path: Path, chance: random.Random, by: signal.Signals) -> None:
    world = busy_office.copied(tmp_path)
    before = dump(world.target)
    for _ in range(MOMENTS):
        answer = _stopped(world, "migrate", world.plan, by=by, after=chance.uniform(0, LONGEST))
        is_parked, run = _is_parked(world, answer), world.runs()[-1]["run_id"]
        if is_parked:
            is_visible = dump(world.target) != before
            assert (f"migrator verify {run}" if is_visible else "nothing of it is visible") in answer.stderr
            assert f"migrator runs resume {run}" in answer.stderr
            assert world.json("runs", "resume", run)["verdict"] == "green"
        assert world.beside_target() == set()
        assert world.json("verify", run)["verdict"] == "green"
        _stopped_rollback(world, run, by=by, after=chance.uniform(0, LONGEST / 5))
        assert dump(world.target) == before


def _stopped_rollback(world: World, run: str, *, by: signal.Signals, after: float) -> None:
    loaded = dump(world.target)
    answer = _stopped(world, "rollback", run, by=by, after=after)
    is_parked = _is_parked(world, answer)
    if dump(world.target) == loaded:
        assert "nothing of it is visible" in answer.stderr
        assert world.json("rollback", run)["verdict"] == "green"
    elif is_parked:  # what it did is kept in the target until somebody was told
        assert world.json("runs", "resume", world.runs()[-1]["run_id"])["verdict"] == "green"


def test_a_rollback_that_is_stopped_after_its_commit_leaves_no_word_of_it_when_given_again(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = right_office.copied(tmp_path)
    before = dump(world.target)
    run = world.json("migrate", world.plan)["run"]

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SqliteTarget, "settle", stopped)
        assert "after its commit" in world.json("rollback", run, code=130)["error"]
    assert dump(world.target) != before
    assert "taken back already" in world.json("rollback", run, code=2)["error"]
    assert dump(world.target) == before


def test_a_load_that_was_killed_after_its_commit_leaves_nothing_beside_the_target_when_given_again(
    right_office: World, tmp_path: Path
) -> None:
    world = right_office.copied(tmp_path)
    world.json("migrate", world.plan)
    claim_path(world.target).touch()
    assert world.json("migrate", world.plan, code=3)["error"].startswith("this archive is already loaded")
    assert world.beside_target() == set()


def test_a_killed_load_is_lost_and_goes_on(busy_office: World, tmp_path: Path, chance: random.Random) -> None:
    world = busy_office.copied(tmp_path)
    before = dump(world.target)
    for _ in range(MOMENTS + 2):
        answer = _stopped(world, "migrate", world.plan, by=signal.SIGKILL, after=chance.uniform(0, LONGEST))
        killed, left = world.runs()[-1], world.beside_target()
        assert all(".stage" in name or name.endswith(("-journal", "-claim")) for name in left), left
        assert killed["state"] == "lost" or (killed["state"], killed["verdict"]) == ("done", "green"), answer
        if dump(world.target) == before:
            assert world.json("verify", killed["run_id"], code=2)["error"].startswith("the target holds no load")
        if killed["state"] == "lost":
            assert world.json("runs", "resume", killed["run_id"])["verdict"] == "green"
        assert world.json("verify", killed["run_id"])["verdict"] == "green"
        assert world.json("migrate", world.plan, code=3)["where"] == killed["run_id"]
        world.json("rollback", killed["run_id"])
        assert (dump(world.target), world.beside_target()) == (before, set())
