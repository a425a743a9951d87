"""What a snapshot cost its source is told when it is taken, kept with the archive, and shown with loads from it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.acceptance.office import office, rewritten
from tests.acceptance.world import World

PARTS = {"statements", "longest_seconds", "longest_table", "seconds", "rows", "bytes"}


def test_the_cost_is_told_kept_and_reported(tmp_path: Path) -> None:
    world = office(tmp_path)
    taken = world.json("snapshot", world.plan)
    cost = taken["cost"]
    assert set(cost) == PARTS
    assert cost["rows"] >= taken["rows"] and cost["statements"] > len(taken["tables"]) and cost["bytes"] > 0
    assert json.loads((Path(taken["archive"]) / "data" / "provenance" / "cost.json").read_text()) == cost
    assert world.migrator("archive", "check", taken["archive"]).code == 0
    loaded = world.json("migrate", world.plan)
    report = json.loads(world.migrator("report", loaded["run"], "--format", "json").stdout)
    assert report["source_cost"] == cost


def test_a_person_reads_the_cost_beside_the_location(tmp_path: Path) -> None:
    world = office(tmp_path)
    answer = world.migrator("snapshot", world.plan)
    assert answer.stdout.count("\n") == 1
    assert "cost to the source: " in answer.stderr


def test_the_plan_holds_the_reading_back(tmp_path: Path) -> None:
    """Six rows of the tenant at a hundred a second; how the pace is kept is a matter of tests/unit/engine."""
    world = office(tmp_path)
    rewritten(world.plan, "  url: ${SOURCE_URL}\n", "  url: ${SOURCE_URL}\n  rows_per_second: 100\n")
    unlimited = World.at(tmp_path / "copy", source="source.db", target="target.db")
    office(unlimited.folder)
    cost, other = (each.json("snapshot", each.plan)["cost"] for each in (world, unlimited))
    assert (cost["rows"], cost["statements"]) == (other["rows"], other["statements"])


def test_the_fence_says_where_in_the_log_only_where_there_is_one(right_office: World) -> None:
    [archive] = right_office.archives()
    shown = right_office.json("archive", "show", archive)
    assert shown["fence"]["kind"].startswith("sqlite-") and shown["fence"]["readers"] == "1"
    assert "position" not in shown["fence"]
    assert "fence: kind sqlite-" in right_office.migrator("archive", "show", archive).stdout
