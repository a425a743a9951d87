"""target.max_lock_s: a load that would hold the target's locks for longer is given up, and said so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.office import office, rewritten
from tests.acceptance.world import dump


@pytest.mark.parametrize("command", ["rehearse", "migrate"])
def test_locks_held_too_long(tmp_path: Path, command: str) -> None:
    world = office(tmp_path)
    world.json("snapshot", world.plan)
    before, url = dump(world.target), "url: ${TARGET_URL}\n"
    rewritten(world.plan, url, f"{url}  max_lock_s: 0\n")
    refused = world.json(command, world.plan, code=3)
    assert refused["verdict"] == "red"
    assert "nothing was committed" in refused["error"] and "max_lock_s" in refused["next"]
    assert dump(world.target) == before
    rewritten(world.plan, "max_lock_s: 0", "max_lock_s: 60")
    assert world.json(command, world.plan)["verdict"] == "green"
