"""`migrator runs resume`: a run that did not come to its end gets there, and says what its command would have said."""

from __future__ import annotations

import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.engine import load as loading
from migrator.platforms.sqlite.target import SqliteTarget
from migrator.service import afterwards
from migrator.service import loading as service_loading
from storage.errors import Fault
from tests.acceptance.world import World, changing, dump
from tests.servers.process import LOOPBACK, free_port

LOST = "the connection was lost"


def once(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, *, is_done: bool = False) -> None:
    """The next call of it fails, as a connection does, before or after it `is_done`; those after it work."""
    real = getattr(place, name)

    def lost(*arguments: Any, **named: Any) -> None:
        monkeypatch.setattr(place, name, real)
        if is_done:
            real(*arguments, **named)
        raise Fault(LOST, where="target", next="look whether the server runs")

    monkeypatch.setattr(place, name, lost)


def failed(world: World, *command: object, after: str = "") -> str:
    """The run of a command that a fault stopped; `after` is the last step it had finished, if any."""
    answer, run = world.json(*command, code=1), world.runs()[-1]
    assert (answer["error"], run["state"]) == (LOST, "failed")
    goes_on = f"once that is mended, migrator runs resume {run['run_id']} goes on after {after}"
    assert answer["next"].endswith(goes_on if after else "look whether the server runs")
    return str(run["run_id"])


@pytest.mark.parametrize("command", ["rehearse", "migrate"])
def test_a_load_that_a_fault_stopped(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    world, undisturbed = right_office.copied(tmp_path / "a"), right_office.copied(tmp_path / "b")
    before = dump(world.target)
    once(monkeypatch, loading, "merge_rows")
    run = failed(world, command, world.plan, after="stage remarks")
    assert dump(world.target) == before
    world.plan.unlink()  # what was asked for is kept with the run
    (world.folder / "mapping.yaml").unlink()
    resumed, expected = world.json("runs", "resume", run), undisturbed.json(command, undisturbed.plan)
    assert resumed["run"] == run
    for told in ("kind", "number", "verdict", "edges", "digest_before", "digest_loaded", "digest_after", "compared"):
        assert resumed[told] == expected[told]
    assert (world.runs()[-1]["state"], world.runs()[-1]["attempt"]) == ("done", 2)
    assert world.migrator("report", run, "--format", "json").json["attempt"] == 2
    page = world.home / "runs" / run / "report.html"
    assert "2: the run was stopped, and went on where it was" in page.read_text("utf-8")
    assert world.beside_target() == set()
    assert world.json("runs", "resume", run, code=2)["error"] == "the run is done"


def test_a_load_that_was_killed(right_office: World, tmp_path: Path) -> None:
    world = right_office.copied(tmp_path)
    before = dump(world.target)
    process = world.start("migrate", world.plan)
    while not world.runs():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=300)
    killed = world.runs()[0]
    if killed["state"] != "lost":
        pytest.skip("it was quicker than the signal")
    assert world.json("runs", "resume", killed["run_id"])["verdict"] == "green"
    assert world.beside_target() == set()
    assert world.json("rollback", killed["run_id"])["verdict"] == "green"
    assert dump(world.target) == before


def test_a_load_that_was_committed_is_told_to_its_end(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, undisturbed = right_office.copied(tmp_path / "a"), right_office.copied(tmp_path / "b")
    before = dump(world.target)
    once(monkeypatch, service_loading, "load_report")
    answer = world.json("migrate", world.plan, code=1)
    run = world.runs()[-1]["run_id"]
    assert "was committed" in answer["error"] and f"migrator runs resume {run}" in answer["next"]
    loaded = dump(world.target)
    resumed, expected = world.json("runs", "resume", run), undisturbed.json("migrate", undisturbed.plan)
    for told in ("verdict", "edges", "digest_before", "digest_loaded", "digest_after", "compared"):
        assert resumed[told] == expected[told]
    assert (dump(world.target), world.beside_target()) == (loaded, set())
    assert world.json("rollback", run)["verdict"] == "green"
    assert dump(world.target) == before


def test_a_load_that_was_taken_back_before_it_was_resumed_is_not_called_red(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = right_office.copied(tmp_path)
    before = dump(world.target)
    once(monkeypatch, service_loading, "load_report")
    world.json("migrate", world.plan, code=1)
    run = world.runs()[-1]["run_id"]
    assert world.json("rollback", run)["verdict"] == "green"
    assert "taken back since" in world.json("runs", "resume", run, code=2)["error"]
    assert (dump(world.target), world.beside_target()) == (before, set())
    assert world.json("migrate", world.plan)["verdict"] == "green"


def test_what_was_verified_before_a_rollback_is_not_told_after_it(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = right_office.copied(tmp_path)
    once(monkeypatch, service_loading, "load_report")
    world.json("migrate", world.plan, code=1)
    load = world.runs()[-1]["run_id"]
    once(monkeypatch, afterwards, "verify_report")
    world.json("verify", load, code=1)
    verification = world.runs()[-1]["run_id"]
    with changing(world.target) as connection:
        connection.execute("UPDATE remarks SET text = 'edited' WHERE id = (SELECT min(id) FROM remarks)")
    assert world.json("rollback", load, code=3)["kept"]
    assert world.json("runs", "resume", verification, code=3)["different"]
    assert f"migrator rollback {load}" in world.json("runs", "resume", load, code=2)["next"]


def test_a_verification_and_a_rollback(right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = right_office.copied(tmp_path)
    before = dump(world.target)
    run = world.json("migrate", world.plan)["run"]
    once(monkeypatch, afterwards, "verify")
    verification = failed(world, "verify", run)
    assert world.json("runs", "resume", verification)["compared"] == world.json("verify", run)["compared"]
    once(monkeypatch, afterwards, "verify_report")
    stopped = world.json("verify", run, "--deep", code=1)
    verification = world.runs()[-1]["run_id"]
    assert f"migrator runs resume {verification} goes on after verify" in stopped["next"]
    assert world.json("runs", "resume", verification)["verdict"] == "green"
    once(monkeypatch, afterwards, "rollback_report")
    assert world.json("rollback", run, code=1)["error"].startswith("the rollback was committed")
    assert dump(world.target) == before
    assert "the load is taken back" in world.json("runs", "cancel", world.runs()[-1]["run_id"], code=2)["error"]
    taken_back = world.json("runs", "resume", world.runs()[-1]["run_id"])
    assert (taken_back["verdict"], taken_back["kept"], taken_back["failed"]) == ("green", 0, 0)
    assert taken_back["digest_before_load"] == taken_back["digest_after"]


def test_a_rollback_that_is_given_up_behind_its_commit_is_not_called_cancelled(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the target says counts, where nobody came to record the step."""
    world = right_office.copied(tmp_path)
    before = dump(world.target)
    load = world.json("migrate", world.plan)["run"]
    once(monkeypatch, SqliteTarget, "undo", is_done=True)
    assert world.json("rollback", load, code=1)["error"].startswith("the rollback was committed")
    rollback = world.runs()[-1]["run_id"]
    refused = world.json("runs", "cancel", rollback, code=2)
    assert "the load is taken back, and the run was not cancelled" in refused["error"]
    assert f"migrator runs resume {rollback}" in refused["next"]
    taken_back = world.json("runs", "resume", rollback)
    assert taken_back["verdict"] == "green" and taken_back["reversed"]
    assert dump(world.target) == before


def test_an_acceptance(right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = right_office.copied(tmp_path)
    run = world.json("migrate", world.plan)["run"]
    loaded = [line for line in dump(world.target) if "migrator_" not in line]
    world.plan.unlink()
    once(monkeypatch, SqliteTarget, "close")
    closing = failed(world, "runs", "close", run)
    resumed = world.json("runs", "resume", closing)
    assert (resumed["of_run"], resumed["verdict"]) == (run, "green") and resumed["journals"] and resumed["entries"]
    assert (world.runs()[-1]["state"], world.runs()[-1]["attempt"]) == ("done", 2)
    assert [line for line in dump(world.target) if "migrator_" not in line] == loaded
    assert "accepted for good" in world.json("rollback", run, code=2)["error"]


def test_an_acceptance_that_was_not_recorded_any_more(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = right_office.copied(tmp_path)
    run = world.json("migrate", world.plan)["run"]
    once(monkeypatch, SqliteTarget, "close", is_done=True)
    assert "was committed" in world.json("runs", "close", run, code=1)["error"]
    closing = world.runs()[-1]["run_id"]
    assert "the load is accepted for good" in world.json("runs", "cancel", closing, code=2)["error"]
    resumed = world.json("runs", "resume", closing)
    assert resumed["journals"] and resumed["entries"]


def test_a_snapshot_and_a_restore(right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from migrator.service import archiving

    world = right_office.copied(tmp_path)
    there = world.archives()
    once(monkeypatch, archiving, "snapshot")
    taken = world.json("runs", "resume", failed(world, "snapshot", world.plan))
    assert Path(taken["archive"]) in set(world.archives()) - set(there)
    assert world.json("archive", "check", taken["archive"])["verdict"] == "green"
    once(monkeypatch, archiving, "restore")
    run = failed(world, "restore", taken["archive"], f"sqlite:///{tmp_path / 'empty.db'}")
    assert world.json("runs", "resume", run)["rows"] == taken["rows"]
    answer = world.json("restore", taken["archive"], f"postgresql://me:wrongword@{LOOPBACK}:{free_port()}/x", code=2)
    assert "the archive comes from sqlite" in answer["error"]


def test_a_restore_stopped_when_its_tables_stood(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read again, and neither made once more nor called cancelled."""
    from migrator.engine import restore as restoring

    world = right_office.copied(tmp_path)
    (archive,), place = world.archives(), tmp_path / "empty.db"
    undisturbed = world.json("restore", archive, f"sqlite:///{tmp_path / 'other.db'}")
    once(monkeypatch, restoring, "described")
    answer = world.json("restore", archive, f"sqlite:///{place}", code=1)
    run = world.runs()[-1]["run_id"]
    assert answer["error"].startswith("the restore was committed, but could not be finished")
    assert f"migrator runs resume {run} goes on after rebuild" in answer["next"]
    assert "the archive's tables stand" in world.json("runs", "cancel", run, code=2)["error"]
    there = dump(place)
    assert "not the address" in world.json("runs", "resume", run, "--url", f"sqlite:///{world.target}", code=2)["error"]
    resumed = world.json("runs", "resume", run, "--url", f"sqlite:///{place}")
    assert (resumed["verdict"], resumed["tables"]) == ("green", undisturbed["tables"])
    assert dump(place) == there


def test_what_is_not_resumed_says_why(right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = right_office.copied(tmp_path)
    once(monkeypatch, loading, "merge_rows")
    run = failed(world, "migrate", world.plan, after="stage remarks")
    with changing(world.target) as connection:
        connection.execute("ALTER TABLE persons ADD COLUMN shoe_size INTEGER")
    changed = world.json("runs", "resume", run, code=3)
    assert changed["where"] == run and "not as they were" in changed["error"]
    assert world.runs()[-1]["state"] == "failed"
    with changing(world.source) as connection:
        connection.execute("UPDATE people SET mood = 'furious' WHERE id = 1")
    world.json("snapshot", world.plan)
    world.json("migrate", world.plan, code=3)
    red = world.json("runs", "resume", world.runs()[-1]["run_id"], code=2)
    assert "its answer is red" in red["error"] and red["next"]


def test_what_was_staged_stays_until_the_command_is_given_anew(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = right_office.copied(tmp_path)
    once(monkeypatch, loading, "merge_rows")
    failed(world, "migrate", world.plan, after="stage remarks")
    kept = world.beside_target()
    assert len(kept) == 1
    world.json("rehearse", world.plan)
    assert world.beside_target() == kept
    world.json("migrate", world.plan)
    assert world.beside_target() == set()


def test_a_rollback_that_left_rows_is_told_as_done_though_its_report_was_not_written(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = right_office.copied(tmp_path)
    run = world.json("migrate", world.plan)["run"]
    with changing(world.target) as connection:
        connection.execute("UPDATE remarks SET text = 'edited' WHERE id = (SELECT min(id) FROM remarks)")
    once(monkeypatch, afterwards, "rollback_report")
    stopped = world.json("rollback", run, code=1)
    assert stopped["error"].startswith("the rollback was committed")
    left = dump(world.target)
    resumed = world.json("runs", "resume", world.runs()[-1]["run_id"], code=3)
    assert resumed["reversed"] and resumed["kept"]
    assert dump(world.target) == left


def test_a_rollback_that_nobody_resumed_leaves_no_word_where_another_took_all_back(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = right_office.copied(tmp_path)
    before = dump(world.target)
    run = world.json("migrate", world.plan)["run"]
    with changing(world.target) as connection:
        connection.execute("UPDATE remarks SET text = text || '!'")
    once(monkeypatch, SqliteTarget, "settle")
    world.json("rollback", run, code=1)
    with changing(world.target) as connection:
        connection.execute("UPDATE remarks SET text = substr(text, 1, length(text) - 1)")
    assert world.json("rollback", run)["verdict"] == "green"
    assert dump(world.target) == before


def test_what_was_begun_in_one_target_does_not_go_on_in_another(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = right_office.copied(tmp_path)
    elsewhere = replace(world, target=world.target.with_name("elsewhere.db"))
    shutil.copy(world.target, elsewhere.target)
    once(monkeypatch, loading, "merge_rows")
    run, before = failed(world, "migrate", world.plan, after="stage remarks"), dump(elsewhere.target)
    refused = elsewhere.json("runs", "resume", run, code=2)
    assert str(world.target) in refused["error"] and str(elsewhere.target) in refused["error"]
    assert dump(elsewhere.target) == before
    assert world.json("runs", "resume", run)["verdict"] == "green"
    for command in ("verify", "rollback"):
        assert str(world.target) in elsewhere.json(command, run, code=2)["error"]
    world.json("rollback", run)


def test_a_load_is_verified_and_taken_back_without_its_plan_and_mapping(right_office: World, tmp_path: Path) -> None:
    world = right_office.copied(tmp_path)
    before = dump(world.target)
    run = world.json("migrate", world.plan)["run"]
    world.plan.write_text("plan: another\n")
    (world.folder / "mapping.yaml").unlink()
    for deep in ((), ("--deep",)):
        assert world.json("verify", run, *deep)["verdict"] == "green"
    world.plan.unlink()
    back = world.json("rollback", run)
    assert (back["verdict"], back["digest_after"]) == ("green", back["digest_before_load"])
    assert (dump(world.target), world.beside_target()) == (before, set())
