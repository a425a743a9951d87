"""A report that was damaged is said before a rollback begins, and is not needed for it."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.world import World, dump


def test_a_rollback_is_not_half_told(right_office: World, tmp_path: Path) -> None:
    world = right_office.copied(tmp_path)
    before = dump(world.target)
    run = world.json("migrate", world.plan)["run"]
    loaded = dump(world.target)
    report = world.home / "runs" / run / "verification.json"
    report.write_bytes(report.read_bytes()[:1000])
    assert world.json("rollback", run, code=2)["where"] == str(report)
    assert dump(world.target) == loaded
    report.unlink()
    assert world.json("rollback", run)["verdict"] == "green"
    assert dump(world.target) == before
