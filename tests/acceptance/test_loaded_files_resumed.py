"""Files of a load that was stopped, and of a rollback: what stands is not put there again, and each is counted once."""

from __future__ import annotations

import shutil
from dataclasses import replace
from threading import Lock
from typing import Any

import pytest

from migrator.engine import load as loading
from migrator.engine import placing
from migrator.engine.placing.back import _Placed
from migrator.platforms.relational.merge import RelationalMerge
from migrator.runs.liveness.held_files import FileHolds
from storage.errors import Fault, Red
from tests.acceptance.test_loaded_files import LOADED, loaded, standing, world
from tests.acceptance.world import World

__all__ = ["world"]


def stopped_after(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, calls: int) -> list[str]:
    """From then on it fails, until it is undone; gives the names of the files it was called for."""
    real, names, in_turn = getattr(place, name), list[str](), Lock()

    def counted(*arguments: Any) -> Any:
        with in_turn:
            if len(names) == calls:
                raise Fault("the connection was lost", where="uploads", next="look whether the server runs")
            names.append(next(one.name for one in arguments if hasattr(one, "sha256")))
        return real(*arguments)

    monkeypatch.setattr(place, name, counted)
    return names


def test_a_load_that_was_stopped_between_two_files(world: World) -> None:
    world.json("snapshot", world.plan)
    with pytest.MonkeyPatch.context() as patch:
        put = stopped_after(patch, placing, "put", 1)
        world.json("migrate", world.plan, code=1)
    run = world.runs()[-1]["run_id"]
    assert set(standing(world)) & set(LOADED) == set(put)
    assert world.json("runs", "resume", run)["verdict"] == "green"
    assert {name: content for name, content in standing(world).items() if name[0] != "."} == LOADED
    rolled = world.json("rollback", run)
    assert (rolled["verdict"], rolled["files_removed"], rolled["files_kept"]) == ("green", 3, 0)
    assert standing(world) == {}


def test_a_rollback_that_was_stopped_between_two_files(world: World) -> None:
    run = loaded(world)
    with pytest.MonkeyPatch.context() as patch:
        stopped_after(patch, _Placed, "taken_from", 1)
        world.json("rollback", run, code=1)
    rolled = world.json("runs", "resume", world.runs()[-1]["run_id"])
    assert (rolled["verdict"], rolled["files_removed"], rolled["files_kept"]) == ("green", 3, 0)
    assert standing(world) == {}


@pytest.mark.parametrize("command", ["rollback", "cancel"])
def test_where_the_plan_leads_to_another_target_no_file_goes(world: World, command: str) -> None:
    """That other one has no rows that name them; those that do stand elsewhere, or may."""
    elsewhere = replace(world, target=world.target.with_name("elsewhere.db"))
    shutil.copy(world.target, elsewhere.target)
    run = loaded(world)
    if command == "cancel":
        world.json("rollback", run)
        with pytest.MonkeyPatch.context() as patch:
            stopped_after(patch, placing, "put", 2)
            world.json("migrate", world.plan, code=1)
        run = world.runs()[-1]["run_id"]
    files = standing(world)
    refused = elsewhere.json(*(("runs", "cancel") if command == "cancel" else (command,)), run, code=2)
    assert str(world.target) in refused["error"] and str(elsewhere.target) in refused["error"]
    assert standing(world) == files != {}
    assert elsewhere.json("runs", "resume", run, code=2)["next"]
    world.json(*(("runs", "cancel") if command == "cancel" else (command,)), run)
    assert standing(world) == {}


def test_files_of_a_load_that_somebody_goes_on_with_stay(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.json("snapshot", world.plan)
    with monkeypatch.context() as patch:
        patch.setattr(loading, "merge_rows", lost)
        world.json("migrate", world.plan, code=1)
    run, files = world.runs()[-1]["run_id"], standing(world)
    hold = FileHolds(folder=lambda run_id: world.home / "runs" / run_id).take(run)
    assert hold is not None
    world.json("admin", "sweep", world.plan)
    assert standing(world) == files != {}
    hold.release()
    world.json("admin", "sweep", world.plan)
    assert standing(world) == {}


def lost(*_: object, **__: object) -> None:
    raise Fault("the connection was lost", where="target", next="look whether the server runs")


def test_a_commit_that_is_refused_leaves_no_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise Red("it was loaded meanwhile")

    world.json("snapshot", world.plan)
    monkeypatch.setattr(RelationalMerge, "_refuse_same", refused)
    assert world.json("migrate", world.plan, code=3)["error"] == "it was loaded meanwhile"
    assert standing(world) == {}
