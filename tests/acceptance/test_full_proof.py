"""`snapshot --prove full`, as an operator calls it: the archive says which proof ran, and nothing of what it found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.world import World
from tests.conformance.made import KINDS, Made

TABLES = """
CREATE TABLE firms (id INTEGER PRIMARY KEY);
CREATE TABLE notes (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id), said {text});
"""
PLAN = """\
plan: proven
tenant: ours
source:
  url: ${SOURCE_URL}
  scope:
    root: {table: firms, where: {id: 1}}
store: ${STORE_URL}
"""


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, made: Made, tmp_path: Path) -> World:
    platform = made(request.param)
    platform.run(TABLES)
    platform.insert("firms", [(1,), (22,)])
    platform.insert("notes", [(1, 1, "call 22"), (2, 22, "theirs")])
    found = replace(World.at(tmp_path, source="none.db", target="target.db"), source_url=platform.url)
    found.plan.write_text(PLAN, encoding="utf-8")
    return found


def test_the_archive_says_which_proof_ran_and_the_operator_what_was_found(world: World) -> None:
    taken = world.json("snapshot", world.plan, "--prove", "full")
    named = [(one["where"], one["times"], one["examples"]) for one in taken["proof"]["named"]]
    assert (taken["proof"]["kind"], named) == ("full", [("notes.said", 1, ["22"])])
    said = json.loads((Path(taken["archive"]) / "data/provenance/proof.json").read_text("utf-8"))
    assert (said["proof"], "named" in said, "signs" in said) == ("full", False, False)
    [told] = world.json("runs", "show", taken["run"])["told"]
    assert (told["where"], told["count"], told["examples"]) == ("notes.said", 1, ["22"])


def test_why_there_is_no_archive_is_kept_with_the_rows_it_names(world: World) -> None:
    world.plan.write_text(PLAN.replace("{table: firms, where: {id: 1}}", "{column: firm_id, value: 22}"), "utf-8")
    refused = world.json("snapshot", world.plan, code=3)
    [run] = world.json("runs", "list")["runs"]
    told = world.json("runs", "show", run["run_id"])["told"]
    assert told == refused["problems"] != []


def test_a_person_s_export_leaves_most_of_the_tenant_behind(world: World) -> None:
    refused = world.json("snapshot", world.plan, "--prove", "full", "--subject", "notes=1", code=2)
    assert refused["where"] == "--prove"
