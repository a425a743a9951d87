"""Two runs on the same tables of a target never mix: the second waits and says for whom, or is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migrator.wiring import open_target
from tests.acceptance.world import World, dump
from tests.conformance.made import KINDS, Made
from tests.support_transplant import transplant


def test_it_is_refused_where_it_is_not_to_wait(right_office: World, tmp_path: Path) -> None:
    world = right_office.copied(tmp_path)
    before = dump(world.target)
    target = open_target(world.environment["TARGET_URL"])
    with target.claims("another") as other:
        assert other.take([target.describe().table("persons")]) == ""
        for command in ("rehearse", "migrate"):
            refused = world.json(command, world.plan, "--wait", 0, code=1)
            assert refused["error"] == "run another is at work on the same tables of the target"
            assert "persons" in refused["where"]
            assert "--wait" in refused["next"]
        assert (dump(world.target), world.beside_target()) == (before, {f"{world.target.name}.migrator-claim"})
    run = world.json("migrate", world.plan)["run"]
    with target.claims("another") as other:
        assert other.take([target.describe().table("persons")]) == ""
        for command in ("verify", "rollback", ("runs", "close")):  # what another run is about to write is in no verdict
            words = [command] if isinstance(command, str) else command
            assert world.json(*words, run, "--wait", 0, code=1)["error"].startswith("run another is at work")
    assert world.json("verify", run)["verdict"] == "green"


@pytest.mark.parametrize("kind", KINDS)
def test_it_waits_and_says_for_whom(kind: str, archived: World, made: Made, tmp_path: Path) -> None:
    platform = made(kind)
    transplant(archived.target, platform)
    world = replace(archived.copied(tmp_path / "world"), target_url=platform.url)
    target = platform.target()
    with target.claims("another") as other:
        assert other.take([target.describe().table("entries")]) == ""
        process = world.start("migrate", world.plan)
        assert process.stderr is not None
        told = next((line for line in process.stderr if "wait for" in line), "it never waited")
    answer, errors = process.communicate()
    assert "which has the same tables" in told
    assert process.returncode == 0, (answer, errors)
    run = world.runs()[-1]["run_id"]
    assert (world.json("rollback", run)["kept"], target.markers()) == (0, ())
