"""Files of a load that was stopped, and of a rollback: what stands is not put there again, and each is counted once."""

from __future__ import annotations

from threading import Lock
from typing import Any

import pytest

from migrator.engine import placing
from migrator.engine.placing.back import _Placed
from storage.errors import Fault
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
