"""The same story with its catalog on a PostgreSQL that programs share, as MIGRATOR_CATALOG says."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from migrator.engine import load as loading
from tests.acceptance.test_resume import once
from tests.acceptance.world import World
from tests.servers.process import LOOPBACK, PASSWORD, free_port


@pytest.fixture
def shared(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MIGRATOR_CATALOG", postgres_url)
    return postgres_url


def test_programs_that_make_it_at_once_share_its_numbers(shared: str, right_office: World, tmp_path: Path) -> None:
    world = right_office.copied(tmp_path)
    processes = [world.start("rehearse", world.plan, "--json") for _ in range(3)]
    answers = [json.loads(process.communicate(timeout=300)[0]) for process in processes]
    assert sorted(answer["number"] for answer in answers) == [1, 2, 3]
    assert {run["run_id"] for run in world.runs()} == {answer["run"] for answer in answers}
    assert not (world.home / "catalog.db").exists()


def test_a_history_begun_alone_goes_on_there(
    postgres_url: str, right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = right_office.copied(tmp_path)
    run = world.json("migrate", world.plan)["run"]
    monkeypatch.setenv("MIGRATOR_CATALOG", postgres_url)
    assert world.json("runs", "import", world.home / "catalog.db")["runs"] == 1
    assert world.json("verify", run)["verdict"] == "green"
    assert world.json("rollback", run)["verdict"] == "green"
    assert world.json("migrate", world.plan)["run"] != run
    assert [told["number"] for told in world.runs() if told["kind"] == "migration"] == [1, 2]


def test_who_cannot_reach_it_is_told_without_the_password(
    shared: str, right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = right_office.copied(tmp_path)
    parts = urlsplit(shared)
    monkeypatch.setenv("MIGRATOR_CATALOG", f"postgresql://{parts.username}:wrongword@{parts.hostname}:{parts.port}/x")
    refused = world.migrator("runs", "list", "--json")
    monkeypatch.setenv("MIGRATOR_CATALOG", f"postgresql://me:wrongword@{LOOPBACK}:{free_port()}/x")
    absent = world.migrator("rehearse", world.plan, "--json")
    assert (refused.code, absent.code) == (2, 1)
    assert "MIGRATOR_CATALOG" in refused.json["next"]
    for answer in (refused, absent):
        assert not [word for word in ("wrongword", PASSWORD) if word in answer.stdout + answer.stderr]


def test_a_report_on_another_machine_is_asked_for_there(shared: str, right_office: World, tmp_path: Path) -> None:
    here = right_office.copied(tmp_path / "here")
    there = replace(right_office.copied(tmp_path / "there"), target=here.target)
    run = here.json("migrate", here.plan)["run"]
    host = there.json("runs", "show", run)["host"]
    assert f"it lies on {host}" in there.json("report", run, "--format", "json", code=2)["next"]
    assert "machine that ran it" in there.json("verify", run, code=2)["next"]


@pytest.fixture
def machines(shared: str, right_office: World, tmp_path: Path) -> tuple[World, World]:
    """Two that share a catalog, a store, signing keys and the target; a home each."""
    here = right_office.copied(tmp_path / "here")
    there = replace(right_office.copied(tmp_path / "there"), target=here.target)
    here.json("rehearse", here.plan)  # makes the keys
    for shared_folder, own in ((here.store, there.store), (here.home / "keys", there.home / "keys")):
        shutil.rmtree(own, ignore_errors=True)
        own.parent.mkdir(exist_ok=True)
        own.symlink_to(shared_folder)
    return here, there


def test_what_one_machine_loaded_another_reports_verifies_and_takes_back(machines: tuple[World, World]) -> None:
    here, there = machines
    loaded = here.json("migrate", here.plan)
    told = here.migrator("report", loaded["run"], "--format", "json")
    assert there.migrator("report", loaded["run"], "--format", "json") == told
    assert there.json("verify", loaded["run"])["verdict"] == "green"
    taken_back = there.json("rollback", loaded["run"])
    assert (taken_back["verdict"], taken_back["kept"], taken_back["failed"]) == ("green", 0, 0)
    assert here.migrator("report", taken_back["run"], "--format", "json").json["verdict"] == "green"


def test_a_load_that_was_stopped_behind_its_commit_is_finished_by_another_machine(
    machines: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machines
    once(monkeypatch, loading, "verify")
    here.json("migrate", here.plan, code=1)
    run = here.runs()[-1]["run_id"]
    resumed = there.json("runs", "resume", run)
    assert (resumed["run"], resumed["verdict"]) == (run, "green")


def test_a_rehearsal_elsewhere_opens_the_gate_and_is_compared_with(machines: tuple[World, World]) -> None:
    _here, there = machines
    again = there.json("rehearse", there.plan)
    assert again["rehearsal_before"]["number"] == 1
    migrated = replace(there, is_gated=True).json("migrate", there.plan)
    assert migrated["forecast"]["seconds"] > 0


def test_documents_that_another_key_signed_are_not_believed(machines: tuple[World, World]) -> None:
    here, there = machines
    run = here.json("migrate", here.plan)["run"]
    (there.home / "keys").unlink()
    answer = there.json("verify", run, code=3)
    assert "signed by another key" in answer["error"]
    assert not (there.home / "runs" / run / "plan.yaml").exists()
