"""A copy of an archive is the archive."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.world import World


def test_what_was_loaded_is_not_loaded_again_from_a_copy(right_office: World, tmp_path: Path) -> None:
    world = right_office.copied(tmp_path)
    world.json("migrate", world.plan)
    (archive,) = world.archives()
    copy = world.json("archive", "copy", archive, world.folder / "copies")["archive"]
    assert "already loaded" in world.json("migrate", world.plan, "--archive", copy, code=3)["error"]
