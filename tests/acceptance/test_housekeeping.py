"""What nobody needs goes when somebody asks, with counts; what was lost comes back from the store alone."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.world import World, changing, dump


@pytest.fixture
def world(right_office: World, tmp_path: Path) -> World:
    return right_office.copied(tmp_path)


@pytest.fixture(scope="session")
def loaded_once(right_office: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The office rehearsed and migrated; not to be changed."""
    world = right_office.copied(tmp_path_factory.mktemp("loaded"))
    world.json("rehearse", world.plan)
    world.json("migrate", world.plan)
    return world


@pytest.fixture
def loaded(loaded_once: World, tmp_path: Path) -> World:
    shutil.copytree(loaded_once.folder, tmp_path, dirs_exist_ok=True)
    return World.at(tmp_path, source=loaded_once.source.name, target=loaded_once.target.name)


def only(world: World, kind: str) -> str:
    (run,) = (run["run_id"] for run in world.runs() if run["kind"] == kind)
    return str(run)


def aged(world: World, days: int) -> None:
    """Every run ended so many days ago."""
    with changing(world.home / "catalog.db") as catalog:
        catalog.execute(f"UPDATE runs SET finished_at = datetime('now', '-{days} days') || 'Z'")


def journals(world: World) -> list[str]:
    with closing(sqlite3.connect(world.target)) as target:
        return [
            name for (name,) in target.execute("SELECT name FROM sqlite_master WHERE name LIKE 'migrator_journal:%'")
        ]


# ── closing ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_load_that_is_accepted_stands_and_is_not_taken_back(loaded: World) -> None:
    run = only(loaded, "migration")
    rows = [line for line in dump(loaded.target) if "migrator_" not in line]
    assert journals(loaded)
    closed = loaded.json("runs", "close", run)
    assert (closed["of_run"], closed["verdict"]) == (run, "green") and closed["journals"] > 0 < closed["entries"]
    assert journals(loaded) == []
    refused = loaded.json("rollback", run, code=2)
    assert "accepted for good" in refused["error"]
    assert loaded.json("verify", run)["verdict"] == "green"
    assert loaded.migrator("migrate", loaded.plan).code == 3  # nothing is loaded twice
    assert [line for line in dump(loaded.target) if "migrator_" not in line] == rows
    assert "accepted for good" in loaded.migrator("runs", "close", run).stdout


def test_what_never_was_loaded_is_not_accepted(loaded: World) -> None:
    assert loaded.migrator("runs", "close", only(loaded, "rehearsal")).code == 2
    run = only(loaded, "migration")
    loaded.json("rollback", run)
    assert "no load of this run" in loaded.json("runs", "close", run, code=2)["error"]


# ── pruning ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_pruning_says_first_what_would_go(world: World) -> None:
    for _ in range(2):
        world.json("rehearse", world.plan)
    aged(world, 100)
    before, folders = world.runs(), sorted((world.home / "runs").iterdir())
    found = world.json("runs", "prune", "--keep", 1)
    assert (found["pruned"], len(found["runs"])) == (False, 1)
    assert (world.runs(), sorted((world.home / "runs").iterdir())) == (before, folders)
    assert world.json("runs", "prune", "--keep", 1, "--yes")["runs"] == found["runs"]
    assert [run["run_id"] for run in world.runs()] == [
        run["run_id"] for run in before if run["run_id"] != found["runs"][0]
    ]
    assert not (world.home / "runs" / found["runs"][0]).exists()
    assert world.archives()


def test_a_load_that_stands_keeps_its_run_until_it_is_accepted_or_taken_back(loaded: World) -> None:
    first = only(loaded, "migration")
    with changing(loaded.home / "catalog.db") as catalog:  # a later one, so that the first is not the newest
        catalog.execute(
            "INSERT INTO runs (run_id, kind, number, plan, tenant, state, started_at, host, process)"
            " SELECT '20990101T000000-migration-ffff', kind, 9, plan, tenant, 'failed', started_at, host, process"
            f" FROM runs WHERE run_id = '{first}'"
        )
    aged(loaded, 100)
    found = loaded.json("runs", "prune", "--keep", 1, "--yes")
    assert found["runs"] == []
    (stays,) = found["stays"]
    assert stays["run"] == first and "runs close" in stays["because"]
    closing_run = loaded.json("runs", "close", first)["run"]
    aged(loaded, 100)
    found = loaded.json("runs", "prune", "--keep", 1, "--yes")
    assert found["stays"] == [{"run": first, "because": f"{closing_run} refers to it, and stays"}]


# ── sweeping ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_sweep_removes_what_killed_runs_left_and_counts_it(world: World) -> None:
    killed = world.store / "acme-20240101T000000Z-0123abcd" / "data" / "a.csv"
    killed.parent.mkdir(parents=True)
    killed.write_bytes(b"x")
    stray = world.store / ".unfinished" / "acme-20240101T000000Z-0123abcd.tmp"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"half")
    found = world.json("admin", "sweep", world.plan)
    assert (found["archives"], found["objects"], found["unfinished"]) == (0, 0, 0)  # it may be at work still
    for path in (killed, stray):
        os.utime(path, (0, 0))
    found = world.json("admin", "sweep", world.plan)
    assert (found["archives"], found["objects"], found["unfinished"], found["files"]) == (1, 1, 1, 0)
    assert len(world.archives()) == 1 and not killed.exists() and not stray.exists()


# ── backup ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_backup_is_a_home_without_its_keys(loaded: World, tmp_path: Path) -> None:
    run, to = only(loaded, "migration"), tmp_path / "backup"
    answer = loaded.migrator("admin", "backup", to)
    assert answer.code == 0 and "--with-keys" in answer.stderr
    assert not list(to.rglob("*.pem")) and to.stat().st_mode & 0o077 == 0
    subprocess.run(["sha256sum", "-c", "--quiet", "manifest-sha256.txt"], cwd=to, check=True)
    shutil.rmtree(loaded.home)
    to.rename(loaded.home)
    assert loaded.json("verify", run)["verdict"] == "green"
    assert loaded.json("rollback", run)["verdict"] == "green"


def test_a_backup_with_its_keys_signs_as_before(loaded: World, tmp_path: Path) -> None:
    fingerprint = loaded.json("snapshot", loaded.plan)["fingerprint"]
    assert loaded.json("admin", "backup", tmp_path / "backup", "--with-keys")["keys"] >= 2
    shutil.rmtree(loaded.home)
    (tmp_path / "backup").rename(loaded.home)
    assert loaded.json("snapshot", loaded.plan)["fingerprint"] == fingerprint


def test_a_backup_goes_into_a_new_folder(loaded: World, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "mine.txt").write_text("mine")
    assert loaded.json("admin", "backup", tmp_path / "backup", code=2)["where"] == str(tmp_path / "backup")
    assert [path.name for path in (tmp_path / "backup").iterdir()] == ["mine.txt"]
