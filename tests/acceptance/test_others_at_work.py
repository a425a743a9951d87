"""A load into a target that other people use: what stands in its way for a moment costs an attempt, not the run."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from migrator.platforms.postgres import merge
from migrator.platforms.postgres.connect import LOADING
from tests.acceptance.world import World
from tests.conformance.platforms import PostgresPlatform
from tests.support_transplant import transplant


@pytest.fixture
def target(archived: World, postgres_url: str) -> PostgresPlatform:
    platform = PostgresPlatform(postgres_url)
    transplant(archived.target, platform)
    return platform


@pytest.fixture
def world(archived: World, target: PostgresPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(merge, "LOADING", replace(LOADING, lock_timeout_s=1))
    return replace(archived.copied(tmp_path / "world"), target_url=target.url)


_PATIENCE_S = 300  # nobody waits for so long, on the slowest machine


def _held(platform: PostgresPlatform, statement: str, let_go: threading.Event) -> threading.Thread:
    """A person's transaction that has run a statement and holds what it locked until the event."""
    holding = threading.Event()

    def hold() -> None:
        with psycopg.connect(platform.url) as connection:
            connection.execute(statement.encode())
            holding.set()
            let_go.wait(_PATIENCE_S)

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    assert holding.wait(_PATIENCE_S)
    return thread


def _wait_for_one_who_gave_up(platform: PostgresPlatform, let_go: threading.Event) -> None:
    """Set the event when somebody has waited for a lock, and waits for it no longer."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    for wanted in (1, 0):
        while platform.rows(waiting) != [(wanted,)] and not let_go.wait(0.05):
            pass
    let_go.set()


KEPT_ROW = "SELECT 1 FROM accounts WHERE email LIKE 'camille%' FOR UPDATE"


def test_a_lock_that_is_given_back_in_time_costs_nothing(world: World, target: PostgresPlatform) -> None:
    let_go = threading.Event()
    person = _held(target, KEPT_ROW, let_go)
    threading.Thread(target=_wait_for_one_who_gave_up, args=(target, let_go), daemon=True).start()
    migrated = world.migrator("migrate", world.plan)
    let_go.set()  # whatever came of it, nobody goes on waiting
    person.join()
    assert migrated.code == 0, migrated
    assert "merge again" in migrated.stderr
    assert world.json("rollback", world.runs()[-1]["run_id"])["kept"] == 0


def test_a_lock_that_is_not_ends_the_run_which_goes_on_later(world: World, target: PostgresPlatform) -> None:
    before, let_go = target.dump(), threading.Event()
    person = _held(target, KEPT_ROW, let_go)
    refused = world.json("migrate", world.plan, code=1)
    let_go.set()
    person.join()
    assert "somebody holds a lock" in refused["error"]
    run, rows = world.runs()[-1]["run_id"], target.dump()
    assert {table: rows[table] for table in before if table} == {table: before[table] for table in before if table}
    assert world.json("runs", "resume", run)["verdict"] == "green"
    world.json("rollback", run)
    assert target.dump() == before
