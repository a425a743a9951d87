"""The whole move by command, from every kind of platform to every kind of platform, with the same plan and mapping.

Its shape is start, rollback, start, complete: rehearsed, loaded, taken back, loaded again, and then it stands.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.world import World
from tests.conformance.made import KINDS, Made
from tests.support_transplant import transplant


@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("out_of", KINDS)
def test_there_and_back(social: World, made: Made, tmp_path: Path, out_of: str, to: str) -> None:
    source, target = made(out_of), made(to)
    transplant(social.source, source)
    transplant(social.target, target)
    (tmp_path / "world").mkdir()
    world = social.between(source.url, target.url, tmp_path / "world")
    before = target.dump()

    taken = world.json("snapshot", world.plan)
    assert taken["rows"] == 191
    assert world.json("archive", "check", taken["archive"])["verdict"] == "green"
    assert world.json("map", "check", world.plan)["verdict"] == "green"
    rehearsed = world.json("rehearse", world.plan)
    assert rehearsed["verdict"] == "green"
    assert target.dump() == before
    migrated = world.json("migrate", world.plan)
    assert migrated["verdict"] == "green"
    assert [edge["unexplained"] for edge in migrated["edges"]] == [0] * len(migrated["edges"])
    assert world.json("verify", migrated["run"])["different"] == 0
    assert world.json("verify", migrated["run"], "--deep")["different"] == 0
    back = world.json("rollback", migrated["run"])
    assert (back["kept"], back["failed"], back["digest_after"]) == (0, 0, back["digest_before_load"])
    assert target.dump() == before

    again = world.json("migrate", world.plan)
    assert again["verdict"] == "green"
    standing = target.dump()
    assert world.json("migrate", world.plan, code=3)["where"] == again["run"]
    assert world.json("verify", again["run"])["different"] == 0
    assert target.dump() == standing
