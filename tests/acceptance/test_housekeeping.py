"""What nobody needs goes when somebody asks, with counts; what was lost comes back from the store alone."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from migrator.service import loading
from storage.errors import Fault
from storage.local import LocalStore
from storage.run_documents import RunDocuments
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
    with changing(loaded.home / "catalog.db") as catalog:  # the target was copied, and came along
        catalog.execute("UPDATE runs SET target = ?", (loaded.environment["TARGET_URL"],))
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


def test_the_steps_of_a_run_that_was_never_resumed_go_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise Fault("the machine burns")

    with monkeypatch.context() as patch:
        patch.setattr(loading, "load_report", fails)
        world.json("rehearse", world.plan, code=1)
    failed = only(world, "rehearsal")
    world.json("rehearse", world.plan)
    aged(world, 100)
    assert steps(world)
    assert world.json("runs", "prune", "--keep", 1, "--yes")["runs"] == [failed]
    assert steps(world) == []


def steps(world: World) -> list[str]:
    """Of every run, what is kept of what it finished."""
    with closing(sqlite3.connect(world.home / "durable.db")) as kept:
        return [name for (name,) in kept.execute("SELECT function_name FROM operation_outputs")]


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
    over = world.json("rehearse", world.plan)["run"]
    for run in (over, "20990101T000000-migration-ffff"):  # of the other one nobody knows here whether it goes on
        world.target.with_name(f"{world.target.name}.migrator-{run}.stage").write_bytes(b"rows")
    found = world.json("admin", "sweep", world.plan)
    assert found == {"archives": 1, "objects": 1, "unfinished": 1, "staging": 1, "files": 0}
    assert len(world.archives()) == 1 and not killed.exists() and not stray.exists()
    assert world.beside_target() == {f"{world.target.name}.migrator-20990101T000000-migration-ffff.stage"}


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


# ── rebuilding ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_lost_catalog_is_made_again_from_the_store_on_another_machine(loaded: World) -> None:
    before = {run["run_id"]: run for run in loaded.runs()}
    run, key = only(loaded, "migration"), fingerprint(loaded)
    shutil.rmtree(loaded.home)
    moved = loaded.store.rename(loaded.folder / "elsewhere")
    rebuilt = loaded.json("admin", "rebuild", moved, "--key", key)
    assert (rebuilt["verdict"], rebuilt["archives"], rebuilt["runs"], rebuilt["problems"]) == ("green", 1, 2, [])
    after = {run["run_id"]: run for run in loaded.runs()}
    same = ("number", "kind", "state", "verdict", "seal", "of_run", "waived", "started_at", "target")
    assert {id: [told[key] for key in same] for id, told in after.items()} == {
        id: [told[key] for key in same] for id, told in before.items()
    }
    assert after[run]["archive"].startswith(str(moved))
    assert loaded.json("verify", run)["verdict"] == "green"
    assert loaded.json("report", run, "--format", "json")["run"] == run
    assert loaded.json("rollback", run)["verdict"] == "green"


def test_a_load_that_left_no_report_is_known_from_the_store_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise Fault("the machine burns")

    before = [line for line in dump(world.target) if "migrator_" not in line]
    with monkeypatch.context() as patch:
        patch.setattr(loading, "load_report", fails)
        assert "was committed" in world.json("migrate", world.plan, code=1)["error"]
    run, key = only(world, "migration"), fingerprint(world)
    shutil.rmtree(world.home)
    world.json("admin", "rebuild", world.store, "--key", key)
    shown = world.json("runs", "show", run)
    assert shown["state"] == "failed" and "migrator verify" in shown["error"]["next"]
    assert world.json("verify", run)["verdict"] == "green"
    assert world.json("rollback", run)["verdict"] == "green"
    assert [line for line in dump(world.target) if "migrator_" not in line] == before


def test_documents_of_another_key_do_not_count_until_it_is_named(loaded: World) -> None:
    key = fingerprint(loaded)
    shutil.rmtree(loaded.home)
    refused = loaded.json("admin", "rebuild", loaded.store, code=3)
    assert (refused["runs"], len(refused["problems"])) == (0, 2)
    assert key in refused["problems"][0]["what"] and "--key" in refused["problems"][0]["next"]
    assert loaded.runs() == []
    assert loaded.json("admin", "rebuild", loaded.store, "--key", key)["runs"] == 2
    again = loaded.json("admin", "rebuild", loaded.store, "--key", key)
    assert (again["archives"], again["runs"], again["there"]) == (0, 0, 3)


def test_archives_are_listed_checked_and_copied_as_if_there_were_no_runs(loaded: World, tmp_path: Path) -> None:
    assert (loaded.store / "runs").is_dir()
    (archive,) = loaded.archives()
    assert loaded.json("archive", "check", archive)["verdict"] == "green"
    loaded.json("archive", "copy", archive, tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy").iterdir()] == [archive.name]
    assert loaded.json("rollback", only(loaded, "migration"))["verdict"] == "green"
    assert loaded.json("rehearse", loaded.plan)["verdict"] == "green"


def test_what_a_store_keeps_of_runs_holds_no_secret_and_goes_with_them(world: World) -> None:
    for _ in range(2):
        world.json("rehearse", world.plan)
    kept = [path for path in (world.store / "runs").rglob("*") if path.is_file()]
    secrets = [world.environment[name].encode() for name in ("TARGET_URL", "STORE_URL")]
    plans = [path.read_bytes() for path in kept if path.name == "plan.yaml"]
    assert len(plans) == 2 and all(b"${TARGET_URL}" in plan for plan in plans)
    assert not [plan for plan in plans for secret in secrets if secret in plan]
    aged(world, 100)
    (gone,) = world.json("runs", "prune", "--keep", 1, "--yes")["runs"]
    assert gone not in {path.name for path in (world.store / "runs").iterdir()}
    assert len(list((world.store / "runs").iterdir())) == 1


def test_a_store_that_takes_nothing_costs_a_run_nothing_else(loaded: World) -> None:
    shutil.rmtree(loaded.store / "runs")
    (loaded.store / "runs").write_text("in the way")
    answer = loaded.migrator("verify", only(loaded, "migration"), "--json")
    assert (answer.code, answer.json["verdict"]) == (0, "green")
    assert "the store does not keep" in answer.stderr


def fingerprint(world: World) -> str:
    """Of the key that signs here."""
    return RunDocuments.open(LocalStore(world.store), only(world, "migration")).fingerprint
