"""What a killed snapshot left in a store, and the next snapshot into it."""

from __future__ import annotations

import os
from pathlib import Path

from tests.acceptance.world import World

KILLED = "vauclair-20240101T000000Z-0123abcd"


def test_the_next_snapshot_sweeps_what_is_old_and_says_so(social: World, tmp_path: Path) -> None:
    world = social.copied(tmp_path)
    for path in (world.store / KILLED / "data" / "a.csv", world.store / "photos" / "a.jpg"):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
    fresh = world.json("snapshot", world.plan)
    assert fresh["notes"] == []
    assert (world.store / KILLED).is_dir()
    os.utime(world.store / KILLED / "data" / "a.csv", (0, 0))
    os.utime(world.store / "photos" / "a.jpg", (0, 0))
    answer = world.migrator("snapshot", world.plan)
    assert f"note: swept {KILLED}" in answer.stderr
    assert not (world.store / KILLED).exists()
    assert (world.store / "photos" / "a.jpg").read_bytes() == b"x"
    assert len(world.archives()) == 2
