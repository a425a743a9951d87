"""Files of a load where something goes wrong around them: nobody else's goes, and none stays unsaid."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from tests.acceptance.test_loaded_files import LOADED, loaded, standing, uploads, world
from tests.acceptance.world import World

__all__ = ["world"]


def test_a_link_where_a_file_was_stays_is_listed_and_blocks_nothing(world: World) -> None:
    run = loaded(world)
    (world.folder / "elsewhere").write_bytes(b"elsewhere")
    (uploads(world) / "acme" / "a.pdf").unlink()
    (uploads(world) / "acme" / "a.pdf").symlink_to(world.folder / "elsewhere")
    assert world.json("verify", run, code=3)["different"] == 1
    rolled = world.json("rollback", run, code=3)
    assert (rolled["files_removed"], rolled["files_kept"]) == (2, 1)
    assert [note["key"] for note in rolled["notes"]] == [{"file": "acme/a.pdf"}]
    assert (world.folder / "elsewhere").read_bytes() == b"elsewhere"


def test_a_rollback_that_looks_into_another_place_says_so_and_can_be_given_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = loaded(world)
    other = world.folder / "other"
    other.mkdir()
    monkeypatch.setenv("UPLOADS", other.as_uri())
    rolled = world.json("rollback", run, code=3)
    assert rolled["reversed"] == 5 and str(other) in str(rolled["notes"])
    monkeypatch.setenv("UPLOADS", uploads(world).as_uri())
    again = world.json("rollback", run)
    assert (again["reversed"], again["files_removed"]) == (0, 3)
    assert standing(world) == {}
    world.json("rollback", run, code=2)


def test_files_that_the_rows_of_another_target_name_stay(world: World) -> None:
    other = replace(world, target_url=f"sqlite:///{world.folder / 'other.db'}")
    shutil.copy(world.target, world.folder / "other.db")
    first, second = loaded(world), str(other.json("migrate", world.plan)["run"])
    rolled = world.json("rollback", first, code=3)
    assert (rolled["files_removed"], rolled["files_kept"]) == (0, 3)
    assert second in str(rolled["notes"])
    assert other.json("verify", second)["verdict"] == "green"


def test_files_of_a_load_that_is_not_in_this_catalog_are_its_own(world: World) -> None:
    shutil.copy(world.target, world.folder / "before.db")
    loaded(world)
    shutil.copy(world.folder / "before.db", world.target)  # another machine's target of the same address
    [journal] = (uploads(world) / ".migrator").glob("*.jsonl")
    os.utime(journal, (0, 0))
    elsewhere = world.copied(world.folder / "copy")
    elsewhere = replace(elsewhere, target_url=f"sqlite:///{world.target}")
    elsewhere.json("rehearse", elsewhere.plan)
    assert {name: content for name, content in standing(world).items() if name[0] != "."} == LOADED


def test_values_of_several_types_are_no_files(world: World) -> None:
    with closing(sqlite3.connect(world.source)) as source:
        source.execute("INSERT INTO pictures VALUES (8, 'not bytes')")
        source.commit()
    world.json("snapshot", world.plan)
    refused = world.json("map", "check", world.plan, code=3)
    assert "pictures.content" in str(refused)
