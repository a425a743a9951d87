"""What is left to a worker: let through and looked at when it is asked for, by whoever asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.office import rewritten
from tests.acceptance.performers import until, worker
from tests.acceptance.world import World, dump


@pytest.fixture
def world(right_office: World, tmp_path: Path) -> World:
    """An office with an archive; its loads have to be rehearsed."""
    return replace(right_office.copied(tmp_path), is_gated=True)


def test_the_gate_is_asked_before_it_waits(world: World) -> None:
    before = dump(world.target)
    assert "never rehearsed" in world.json("migrate", world.plan, "--detach", code=3)["error"]
    assert world.runs() == []
    vouching = world.json("rehearse", world.plan)["run"]
    run = world.json("migrate", world.plan, "--detach")["run"]
    world.json("rehearse", world.plan)  # a later one is not what let it through
    assert dump(world.target) == before
    with worker(world):
        until(world, run, lambda record: record["verdict"] == "green")
    assert world.json("report", run, "--format", "json")["admission"]["rehearsal"] == vouching


@pytest.mark.parametrize("command", ["snapshot", "rehearse"])
def test_what_cannot_be_opened_is_refused_at_once(world: World, command: str) -> None:
    (world.source if command == "snapshot" else world.target).unlink()
    refused = world.json(command, world.plan, "--detach", code=2)
    assert refused["where"] and refused["next"]
    assert world.runs() == []


@pytest.mark.parametrize("name", ["SOURCE_URL", "STORE_URL"])
def test_what_leads_elsewhere_for_a_worker_is_not_queued(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(world.source.parent)
    relative = {"SOURCE_URL": f"sqlite:///{world.source.name}", "STORE_URL": "archives"}[name]
    rewritten(world.plan, f"${{{name}}}", relative)
    refused = world.json("snapshot", world.plan, "--detach", code=2)
    assert "elsewhere for a worker" in refused["error"] and relative in refused["where"]
    assert world.runs() == []
    assert world.json("snapshot", world.plan)["archive"]  # here it leads where its reader means


def test_a_plan_whose_variables_nobody_set_is_not_queued(world: World) -> None:
    rewritten(world.plan, "${SOURCE_URL}", "${NOBODY_SAID}")
    assert "NOBODY_SAID" in world.json("snapshot", world.plan, "--detach", code=2)["error"]
    assert world.runs() == []
