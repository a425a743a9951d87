"""A migration is let through by a rehearsal that is green, young enough and of the same seal, or by a reason."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import moment
from tests.acceptance.office import rewritten
from tests.acceptance.test_resume import once
from tests.acceptance.world import ROOT, World, changing, dump
from tests.conformance.made import Made
from tests.support_transplant import transplant


@pytest.fixture
def world(right_office: World, tmp_path: Path) -> World:
    """An office with an archive; its loads have to be rehearsed."""
    return replace(right_office.copied(tmp_path), is_gated=True)


def refused(world: World, *arguments: object) -> str:
    """Why a migration is not let through; nothing is changed, and no run recorded."""
    before, runs = dump(world.target), world.runs()
    answer = world.json("migrate", world.plan, *arguments, code=3)
    assert answer["verdict"] == "red" and "migrator rehearse" in answer["next"] and "--waive REASON" in answer["next"]
    assert (dump(world.target), world.runs()) == (before, runs)
    return str(answer["error"])


def report(world: World, run: str) -> dict[str, object]:
    found = json.loads(world.migrator("report", run, "--format", "json").stdout)
    assert isinstance(found, dict)
    return found


def test_a_rehearsal_lets_it_through_and_forecasts_it(world: World) -> None:
    assert "never rehearsed" in refused(world)
    rehearsed = world.json("rehearse", world.plan)
    assert rehearsed["rehearsal_before"] is None
    assert rehearsed["forecast"]["rows"] == 5 and rehearsed["forecast"]["took_seconds"] is None
    migrated = world.json("migrate", world.plan)
    admission, forecast = migrated["admission"], migrated["forecast"]
    assert (admission["rehearsal"], admission["number"]) == (rehearsed["run"], 1)
    assert (admission["waived"], admission["missing"]) == ("", "")
    assert forecast["seconds"] == rehearsed["forecast"]["seconds"] and forecast["took_seconds"] > 0
    steps = [timing["step"] for timing in report(world, migrated["run"])["timings"]]  # type: ignore[attr-defined]
    assert {"check the mapping", "merge, locks held"} <= set(steps)
    assert forecast["way_back_seconds"] is None
    world.json("rollback", migrated["run"])
    found = world.json("rehearse", world.plan)["forecast"]
    assert found["way_back_seconds"] > 0 and "rollback 1" in found["way_back_basis"]


def test_a_newer_archive_is_of_the_same_seal(world: World) -> None:
    """The real night: the last snapshot is loaded as soon as it is taken."""
    world.json("rehearse", world.plan)
    with changing(world.source) as source:
        source.execute("INSERT INTO notes VALUES (4, 1, '\\N')")  # what a column is by its values may change
        source.execute("UPDATE people SET age = NULL WHERE id = 1")
    newer = world.json("snapshot", world.plan)["archive"]
    migrated = world.json("migrate", world.plan, "--archive", newer)
    assert migrated["verdict"] == "green" and migrated["admission"]["number"] == 1
    assert migrated["forecast"]["rows"] == 6


def test_what_was_changed_since_is_named(world: World) -> None:
    world.json("rehearse", world.plan)
    with changing(world.target) as target:
        target.execute("ALTER TABLE remarks ADD COLUMN said_at TEXT")
    assert "the target's schema changed since rehearsal 1" in refused(world)
    rewritten(world.folder / "mapping.yaml", "happy", "cheerful")
    assert "the mapping and the target's schema changed" in refused(world)
    again = world.json("rehearse", world.plan)
    changes = {change["what"]: change for change in again["rehearsal_before"]["changes"]}
    assert {"seal: mapping", "seal: target's schema"} <= changes.keys()
    assert again["rehearsal_before"]["number"] == 1
    assert world.json("migrate", world.plan)["admission"]["number"] == 2


def test_the_last_rehearsal_counts(world: World) -> None:
    world.json("rehearse", world.plan)
    with changing(world.target) as target:
        target.execute("UPDATE persons SET nickname = 'ben'")
    world.json("rehearse", world.plan, code=3)
    said = refused(world)
    assert "rehearsal 2, the last one, is red" in said and "map check is red" in said


def test_a_rehearsal_grows_old(world: World) -> None:
    rewritten(world.plan, "  url: ${TARGET_URL}\n", "  url: ${TARGET_URL}\n  rehearsal_max_age: 36h\n")
    world.json("rehearse", world.plan)
    yesterday = moment.written(datetime.now(UTC) - timedelta(hours=40), "microseconds")
    with closing(sqlite3.connect(world.home / "catalog.db")) as catalog:
        catalog.execute("UPDATE runs SET finished_at = ? WHERE kind = 'rehearsal'", (yesterday,))
        catalog.commit()
    assert "is 40 hours old, and the plan wants one of at most 36 hours" in refused(world)


def test_a_waiver_is_recorded_and_stands_on_the_first_page(world: World) -> None:
    empty = world.json("migrate", world.plan, "--waive", " ", code=2)
    assert empty["where"] == "--waive"
    said = world.migrator("migrate", world.plan, "--waive", "the board\nwants it tonight")
    assert said.code == 0 and "rehearsal waived: the board wants it tonight" in said.stdout
    (run,) = [run for run in world.runs() if run["kind"] == "migration"]
    assert run["waived"] == "the board wants it tonight"
    found = report(world, run["run_id"])["admission"]
    assert isinstance(found, dict)
    assert (found["waived"], found["missing"]) == (run["waived"], "this plan was never rehearsed to the end")
    page = world.migrator("report", run["run_id"], "--out", world.folder / "report.html")
    first = (world.folder / "report.html").read_text("utf-8").partition("<h3>What is not in the new system")[0]
    assert page.code == 0 and "the board wants it tonight" in first and "never rehearsed" in first


def test_a_migration_that_lay_for_a_while_is_let_through_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was let through by when it began may be old by now, or a later rehearsal red."""
    from migrator.engine import load as loading

    world.json("rehearse", world.plan)
    once(monkeypatch, loading, "merge_rows")
    world.json("migrate", world.plan, code=1)
    (run,) = (run["run_id"] for run in world.runs() if run["kind"] == "migration")
    with changing(world.home / "catalog.db") as catalog:
        catalog.execute("UPDATE runs SET finished_at = '2020-01-01T00:00:00Z' WHERE kind = 'rehearsal'")
    before = dump(world.target)
    refused = world.json("runs", "resume", run, code=3)
    assert "the gate is closed" in refused["error"] and "days old" in refused["error"]
    assert dump(world.target) == before and world.runs()[-1]["state"] == "failed"
    world.json("rehearse", world.plan)
    assert world.json("runs", "resume", run)["verdict"] == "green"


def test_who_waived_the_gate_goes_on_without_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from migrator.engine import load as loading

    once(monkeypatch, loading, "merge_rows")
    world.json("migrate", world.plan, "--waive", "tonight or never", code=1)
    resumed = world.json("runs", "resume", world.runs()[-1]["run_id"])
    assert resumed["verdict"] == "green" and resumed["admission"]["waived"] == "tonight or never"


# ── in a copy ───────────────────────────────────────────────────────────────────────────────────────────────
def test_a_rehearsal_in_a_copy_leaves_nothing_and_lets_it_through(world: World) -> None:
    before, copy = world.state(), world.folder / "copy.db"
    rehearsed = world.json("rehearse", world.plan, "--on", f"sqlite:///{copy}")
    assert rehearsed["verdict"] == "green" and not copy.exists()
    assert world.state() == before
    assert str(copy) in str(report(world, rehearsed["run"])["target"])
    migrated = world.json("migrate", world.plan)
    assert migrated["admission"]["target"].endswith("copy.db")


def test_a_copy_is_made_where_nothing_is(world: World) -> None:
    copy = world.folder / "copy.db"
    with closing(sqlite3.connect(copy)) as other:
        other.execute("CREATE TABLE mine (id INTEGER)")
    answer = world.json("rehearse", world.plan, "--on", f"sqlite:///{copy}", code=2)
    assert "mine" in answer["error"]
    assert "persons" in world.json("rehearse", world.plan, "--on", f"sqlite:///{world.target}", code=2)["error"]
    assert "mine" in "".join(dump(copy))


def test_what_the_targets_own_rows_forbid_is_red_in_a_copy_too(world: World) -> None:
    with changing(world.target) as target:
        target.execute("UPDATE persons SET nickname = 'ben'")
    copy = world.folder / "copy.db"
    answer = world.json("rehearse", world.plan, "--on", f"sqlite:///{copy}", code=3)
    assert "map check is red" in answer["error"] and not copy.exists()


def test_a_red_rehearsal_leaves_no_copy(world: World) -> None:
    with changing(world.target) as target:
        target.execute("INSERT INTO persons VALUES (1, 'Ada', 'quiet', 36, 'a')")
    rewritten(world.plan, "  url: ${TARGET_URL}\n", "  url: ${TARGET_URL}\n  max_lock_s: 0\n  on_match: keep\n")
    copy = world.folder / "copy.db"
    answer = world.json("rehearse", world.plan, "--on", f"sqlite:///{copy}", code=3)
    assert "max_lock_s" in answer["next"] and not copy.exists()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_rehearsal_in_a_copy_on_a_server(world: World, made: Made, tmp_path: Path, kind: str) -> None:
    target, copy = made(kind), made(kind)
    transplant(world.target, target)
    world = replace(world, target_url=target.url)
    before, empty = target.dump(), copy.dump()
    rehearsed = world.json("rehearse", world.plan, "--on", copy.url)
    assert (rehearsed["verdict"], rehearsed["number"]) == ("green", 1)
    assert (target.dump(), copy.dump()) == (before, empty)
    assert world.json("migrate", world.plan)["admission"]["rehearsal"] == rehearsed["run"]


_KILLED = """
import os, signal, sys
from migrator.cli.app import run
from migrator.engine import load
load.verify_with = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
run(sys.argv[1:])
"""


def killed_in(world: World, copy: str) -> str:
    """The run of a rehearsal in a copy that was killed when everything had been merged there."""
    program = [sys.executable, "-c", _KILLED, "rehearse", str(world.plan), "--on", copy]
    environment = {**os.environ, **world.environment, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(program, env=environment, cwd=world.folder, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended
    run = world.runs()[-1]
    assert run["state"] == "lost"
    return str(run["run_id"])


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_a_copy_that_a_killed_rehearsal_left_goes(world: World, made: Made, kind: str) -> None:
    """With the next rehearsal there, or when the run is given up; it is not resumed, and says what to do."""
    target, copy = made(kind), made(kind)
    transplant(world.target, target)
    world = replace(world, target_url=target.url)
    before, empty = target.dump(), copy.dump()
    run = killed_in(world, copy.url)
    assert copy.dump() != empty
    resumed = world.json("runs", "resume", run, code=2)
    assert "is not resumed" in resumed["error"] and "give the command again" in resumed["next"]
    rehearsed = world.json("rehearse", world.plan, "--on", copy.url)
    assert rehearsed["verdict"] == "green" and "killed rehearsal" in str(report(world, rehearsed["run"])["notes"])
    assert (target.dump(), copy.dump()) == (before, empty)
    run = killed_in(world, copy.url)
    if kind != "sqlite":  # nobody kept its password
        assert "--url" in world.json("runs", "cancel", run, code=2)["next"]
    assert world.json("runs", "cancel", run, "--url", copy.url)["state"] == "cancelled"
    assert (target.dump(), copy.dump()) == (before, empty)
