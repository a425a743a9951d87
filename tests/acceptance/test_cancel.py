"""A run that is given up for good: what it left goes, whatever happens to whoever erases it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from migrator.engine import load as loading
from tests.acceptance.performers import shown, until, worker
from tests.acceptance.test_resume import failed, once
from tests.acceptance.world import ROOT, World, dump

KILLED = """
import os, signal, sys
from migrator.cli.app import run
from migrator.platforms.sqlite.target import SqliteTarget
SqliteTarget.sweep = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
run(sys.argv[1:])
"""


@pytest.fixture
def world(right_office: World, tmp_path: Path) -> World:
    return right_office.copied(tmp_path)


@pytest.fixture
def stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """A migration that a fault stopped: rows are staged, what it decided is in the store."""
    once(monkeypatch, loading, "merge_rows")
    run = failed(world, "migrate", world.plan, after="stage remarks")
    assert world.beside_target() and documents(world, run)
    return run


def documents(world: World, run: str) -> list[Path]:
    """What the store keeps of a run."""
    return [path for path in (world.store / "runs").rglob("*") if path.is_file() and run in path.parts]


def killed_while_it_erases(world: World, run: str) -> None:
    environment = {**os.environ, **world.environment, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run([sys.executable, "-c", KILLED, "runs", "cancel", run], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert shown(world, run)["state"] == "cancelling"


def require_nothing_left(world: World, run: str) -> None:
    assert shown(world, run)["state"] == "cancelled"
    assert (world.beside_target(), documents(world, run)) == (set(), [])


def test_staging_and_documents_go_and_whoever_is_killed_meanwhile_gives_it_again(world: World, stopped: str) -> None:
    before = dump(world.target)
    killed_while_it_erases(world, stopped)
    assert world.beside_target()
    assert "erased" in world.json("runs", "resume", stopped, code=2)["error"]
    assert world.json("runs", "cancel", stopped)["state"] == "cancelled"
    require_nothing_left(world, stopped)
    assert dump(world.target) == before
    assert world.json("migrate", world.plan)["verdict"] == "green"


def test_a_worker_erases_what_somebody_had_begun_to(world: World, stopped: str) -> None:
    killed_while_it_erases(world, stopped)
    with worker(world):
        until(world, stopped, lambda record: record["state"] == "cancelled")
    require_nothing_left(world, stopped)


def test_what_is_done_stands(world: World) -> None:
    run = world.json("migrate", world.plan)["run"]
    refused = world.json("runs", "cancel", run, code=2)
    assert "done" in refused["error"] and f"migrator rollback {run}" in refused["next"]
    assert documents(world, run)
    assert world.json("verify", run)["verdict"] == "green"
