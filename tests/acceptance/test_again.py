"""A plan that is finished, given again, changes nothing and says so; nor does a newer archive put rows there twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.office import mapping_of, office, rewritten
from tests.acceptance.world import World, changing, dump

WITHOUT_A_KEY = "CREATE TABLE remarks (person_id INTEGER NOT NULL REFERENCES persons (id), text TEXT NOT NULL);"


def test_a_finished_plan_changes_nothing(right_office: World, tmp_path: Path) -> None:
    world = right_office.copied(tmp_path)
    world.json("rehearse", world.plan)
    run = world.json("migrate", world.plan)["run"]
    loaded = world.state()
    again = world.json("migrate", world.plan, code=3)
    assert again["error"] == "this archive is already loaded by the same plan and mapping; nothing was changed"
    assert (again["where"], world.state()) == (run, loaded)
    assert world.json("rollback", run)["verdict"] == "green"
    before = world.state()
    assert run in world.json("rollback", run, code=2)["where"]
    assert world.state() == before


def older(told: dict[str, Any]) -> dict[str, Any]:
    """As a version of this program wrote it that made seals in another way."""
    return {name: said for name, said in told.items() if name not in ("asked", "archive_id")} | {"seal": "of old"}


@pytest.mark.parametrize("is_older", [False, True], ids=["the tables", "the program"])
def test_it_is_not_loaded_twice_whatever_has_changed_since(right_office: World, tmp_path: Path, is_older: bool) -> None:
    world = right_office.copied(tmp_path)
    run = world.json("migrate", world.plan)["run"]
    with changing(world.target) as connection:
        if is_older:
            ((told,),) = connection.execute("SELECT marker FROM migrator_loads")
            connection.execute("UPDATE migrator_loads SET marker = ?", (json.dumps(older(json.loads(told))),))
        else:
            connection.execute("ALTER TABLE persons ADD COLUMN shoe_size INTEGER")
    loaded = dump(world.target)
    again = world.json("migrate", world.plan, code=3)
    assert "this archive is already loaded" in again["error"] and again["where"] == run
    assert f"migrator rollback {run}" in again["next"] and ("another name" in again["next"]) is is_older
    assert dump(world.target) == loaded
    assert world.json("verify", run)["verdict"] == "green"


@pytest.fixture
def keyless(tmp_path: Path) -> World:
    """The office, whose target tells remarks apart by nothing; rows with keys are kept as they are there."""
    world = office(tmp_path)
    with changing(world.target) as connection:
        connection.executescript(f"DROP TABLE remarks; {WITHOUT_A_KEY}")
    rewritten(
        mapping_of(world),
        "          id: {from: id, steps: [{remap: notes}]}\n          person_id",
        "          person_id",
    )
    rewritten(
        mapping_of(world),
        "          text: text\n",
        "          text: text\n        dropped:\n          id: nobody asks\n",
    )
    rewritten(mapping_of(world), "  notes: {method: keep, target: remarks}\n", "")
    rewritten(world.plan, "url: ${TARGET_URL}\n", "url: ${TARGET_URL}\n  on_match: keep\n")
    world.json("snapshot", world.plan)
    return world


def test_a_newer_archive_puts_no_row_there_twice(keyless: World) -> None:
    world = keyless
    world.json("rehearse", world.plan)
    run = world.json("migrate", world.plan)["run"]
    loaded = dump(world.target)
    world.json("snapshot", world.plan)
    for command in ("rehearse", "migrate"):
        refused = world.json(command, world.plan, code=3)
        assert "remarks" in refused["where"] and f"migrator rollback {run}" in refused["next"], refused
        assert dump(world.target) == loaded
    world.json("rollback", run)
    world.json("rehearse", world.plan)
    assert world.json("migrate", world.plan)["verdict"] == "green"
    assert dump(world.target)[-1:] == loaded[-1:]
