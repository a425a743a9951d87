"""The doctor finds what stands in the way before anything starts, tells all of it, and changes nothing."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.office import PLAN, mapping_of, office, rewritten
from tests.acceptance.world import World, changing
from tests.support_privileges import without_privileges

SOURCE_ONLY = PLAN[: PLAN.index("mapping:")]
TARGET_ONLY = PLAN[: PLAN.index("source:")] + PLAN[PLAN.index("store:") :]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return office(tmp_path)


@pytest.fixture
def held_world() -> Iterator[World]:
    """The office of somebody whom permissions hold, whoever runs the tests."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o777)
        rehearsed = office(Path(name) / "rehearsed")  # modules are imported late, from where nobody may not read
        for command in ("snapshot", "doctor"):
            rehearsed.migrator(command, rehearsed.plan)
        with without_privileges():
            yield office(Path(name) / "world")


def said(diagnosis: dict[str, Any], verdict: str) -> list[tuple[str, str]]:
    """Part and subject of every finding of this verdict."""
    found = [(one["part"], one["what"]) for one in diagnosis["findings"] if one["verdict"] == verdict]
    assert all(one["found"] for one in diagnosis["findings"])
    assert all(one["where"] and one["next"] for one in diagnosis["findings"] if one["verdict"] != "ok")
    return found


def parts(diagnosis: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(one["part"] for one in diagnosis["findings"]))


def in_wal(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = wal")


# ── nothing in the way ──────────────────────────────────────────────────────────────────────────────────────
def test_a_good_plan_is_green_and_nothing_is_touched(world: World) -> None:
    in_wal(world.source)
    before, around = world.state(), world.beside_target()
    found = world.json("doctor", world.plan)
    assert found["verdict"] == "green"
    assert said(found, "red") == said(found, "warning") == []
    assert parts(found) == [
        "source",
        "scope",
        "signing keys",
        "store",
        "mapping",
        "target",
        "past runs",
        "this machine",
    ]
    assert found["grants"] == {"source": "", "target": ""}
    assert (world.state(), world.beside_target()) == (before, around)
    assert not world.store.exists() and not world.home.exists()


def test_estimates_are_upper_bounds_until_an_archive_says_more(world: World) -> None:
    before = world.json("doctor", world.plan)["estimates"]
    assert before["at_most"] and before["rows"] == 2 + 3 + 3  # both firms' rows of the tables that leave
    assert before["bytes"] > 0 and before["basis"]
    assert 0 <= before["lock_seconds"] < before["load_seconds"] and before["snapshot_seconds"] > 0
    taken = world.json("snapshot", world.plan)
    after = world.json("doctor", world.plan)["estimates"]
    assert (after["rows"], after["at_most"]) == (taken["rows"], False)
    assert Path(taken["archive"]).name in after["basis"][0]


def test_the_pace_of_the_plan_is_counted_in(world: World) -> None:
    rewritten(world.plan, "  url: ${SOURCE_URL}\n", "  url: ${SOURCE_URL}\n  rows_per_second: 1\n")
    estimates = world.json("doctor", world.plan)["estimates"]
    assert estimates["snapshot_seconds"] >= estimates["rows"]


def test_the_store_is_probed_and_left_as_it_was(world: World) -> None:
    world.json("snapshot", world.plan)
    before = world.state()
    found = world.json("doctor", world.plan)
    assert ("store", "writable") in said(found, "ok") and ("store", "clock") in said(found, "ok")
    assert world.state() == before


def test_a_plan_of_only_a_source(world: World) -> None:
    world.plan.write_text(SOURCE_ONLY, encoding="utf-8")
    found = world.json("doctor", world.plan)
    assert parts(found) == ["source", "scope", "signing keys", "store", "past runs", "this machine"]
    assert found["estimates"]["snapshot_seconds"] and found["estimates"]["load_seconds"] is None


def test_a_plan_of_only_a_target(world: World) -> None:
    world.json("snapshot", world.plan)
    world.plan.write_text(TARGET_ONLY, encoding="utf-8")
    found = world.json("doctor", world.plan)
    assert parts(found) == ["store", "mapping", "target", "past runs", "this machine"]
    assert found["estimates"]["snapshot_seconds"] is None and found["estimates"]["load_seconds"]


def test_without_any_source_or_archive_there_is_nothing_to_estimate(world: World) -> None:
    world.json("snapshot", world.plan)
    world.plan.write_text(TARGET_ONLY.replace("tenant: ours", "tenant: nobody"), encoding="utf-8")
    found = world.json("doctor", world.plan)
    assert said(found, "warning") == [("store", "archive")]
    assert found["estimates"]["rows"] is None and found["estimates"]["load_seconds"] is None


# ── warnings ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_source_that_must_be_copied_is_a_warning(world: World) -> None:
    assert said(world.json("doctor", world.plan), "warning") == [("source", "journal mode")]


def test_another_writer_is_a_warning(world: World) -> None:
    in_wal(world.source)
    with closing(sqlite3.connect(world.target, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        found = world.json("doctor", world.plan)
    assert said(found, "warning") == [("target", "lock")]


def test_locks_longer_than_the_plan_allows_are_a_warning(world: World) -> None:
    in_wal(world.source)
    rewritten(world.plan, "  url: ${TARGET_URL}\n", "  url: ${TARGET_URL}\n  max_lock_s: 1\n")
    with changing(world.source) as connection:
        connection.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id))")
        numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
        connection.execute(f"{numbers} INSERT INTO log SELECT i, 1 FROM n")
    found = world.json("doctor", world.plan)
    assert said(found, "warning") == [("this machine", "locks")]


# ── red ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_triggers_on_a_mapped_table_are_red(world: World) -> None:
    with changing(world.target) as connection:
        connection.execute("CREATE TABLE log (line TEXT)")
        for table in ("persons", "log"):
            connection.execute(
                f"CREATE TRIGGER on_{table} AFTER INSERT ON {table} BEGIN DELETE FROM log WHERE line = 'x'; END"
            )
    found = world.json("doctor", world.plan, code=3)
    [triggers] = [one for one in found["findings"] if one["verdict"] == "red"]
    assert (triggers["part"], triggers["what"], triggers["where"]) == ("target", "triggers", "persons")
    assert "on_persons" in triggers["found"]


def test_a_table_the_target_lacks_and_one_nobody_classified_are_red(world: World) -> None:
    with changing(world.source) as connection:
        connection.execute("CREATE TABLE gossip (line TEXT)")
    with changing(world.target) as connection:
        connection.execute("DROP TABLE remarks")
    found = world.json("doctor", world.plan, code=3)
    assert said(found, "red") == [("scope", "scope"), ("target", "table")]
    assert [one["where"] for one in found["findings"] if one["verdict"] == "red"] == ["gossip", "remarks"]


def test_what_may_not_be_written_is_red(held_world: World) -> None:
    world = held_world
    world.store.mkdir(mode=0o555)
    world.target.chmod(0o444)
    try:
        found = world.json("doctor", world.plan, code=3)
    finally:
        world.store.chmod(0o755)
    assert ("store", "writable") in said(found, "red") and ("target", "writable") in said(found, "red")


# ── what cannot be looked at ────────────────────────────────────────────────────────────────────────────────
def test_an_address_that_leads_nowhere_is_told_with_everything_else(world: World) -> None:
    world.source.rename(world.source.with_name("elsewhere.db"))
    found = world.json("doctor", world.plan, code=2)  # as `snapshot` would: no such file is a wrong address
    assert found["verdict"] == "red"
    assert said(found, "red") == [("source", "reached")]
    assert parts(found) == ["source", "signing keys", "store", "mapping", "target", "past runs", "this machine"]
    assert found["estimates"]["rows"] is None


def test_a_source_that_cannot_be_read_is_a_fault(held_world: World) -> None:
    world = held_world
    world.source.chmod(0)
    found = world.json("doctor", world.plan, code=1)
    assert said(found, "red") == [("source", "reached")]
    assert "target" in parts(found)


def test_a_name_the_source_does_not_have_is_told_with_its_line(world: World) -> None:
    rewritten(world.plan, "excluded: {settings:", "excluded: {setings:")
    found = world.json("doctor", world.plan, code=2)
    [wrong] = [one for one in found["findings"] if one["verdict"] == "red"]
    assert wrong["part"] == "scope" and wrong["where"].endswith("plan.yaml:7") and "settings" in wrong["next"]


def test_a_broken_mapping_is_told_and_the_target_looked_at(world: World) -> None:
    mapping_of(world).write_text("mapping: office\nversion: 1\ntabels: {}\n", encoding="utf-8")
    found = world.json("doctor", world.plan, code=2)
    assert said(found, "red") == [("mapping", "reached")]
    assert ("target", "writable") in said(found, "ok")


def test_a_signing_key_that_others_can_read_is_told(world: World) -> None:
    world.json("snapshot", world.plan)
    (world.home / "keys" / "ed25519.key.pem").chmod(0o644)
    found = world.json("doctor", world.plan, code=2)
    assert said(found, "red") == [("signing keys", "reached")]


def test_a_bad_plan_is_refused_before_anything_is_looked_at(world: World) -> None:
    rewritten(world.plan, "plan: ours-away", "plam: ours-away")
    answer = world.migrator("doctor", world.plan, "--json")
    assert answer.code == 2 and "findings" not in answer.json


# ── for a person ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_person_reads_what_to_do(world: World) -> None:
    with changing(world.target) as connection:
        connection.execute("CREATE TRIGGER loud AFTER INSERT ON persons BEGIN SELECT 1; END")
    answer = world.migrator("doctor", world.plan)
    assert answer.code == 3 and not answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[-1] == "✘ red 1 thing(s) stand in the way, 1 warning(s)"
    [at] = [number for number, line in enumerate(lines) if "loud" in line]
    assert lines[at].lstrip().startswith("✘  triggers") and "persons: " in lines[at]
    assert lines[at + 1].lstrip().startswith("→ say in the plan what becomes of them")
    assert any(line.startswith("  rows") and "at most 8" in line for line in lines)
