"""Out of a database that only SQLAlchemy knows, by the example of Firebird: a source like any other."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tests.acceptance.world import World, dump
from tests.conformance.platforms.firebird import FirebirdPlatform

TABLES = """
CREATE TABLE "firms" ("id" INTEGER PRIMARY KEY, "name" VARCHAR(40) NOT NULL);
CREATE TABLE "people" (
    "id" INTEGER PRIMARY KEY, "firm_id" INTEGER NOT NULL REFERENCES "firms" ("id"), "name" VARCHAR(40) NOT NULL,
    "mood" VARCHAR(40) NOT NULL, "age" VARCHAR(40), "friend_id" INTEGER REFERENCES "people" ("id"));
CREATE TABLE "notes" (
    "id" INTEGER PRIMARY KEY, "author_id" INTEGER NOT NULL REFERENCES "people" ("id"), "text" VARCHAR(40) NOT NULL);
CREATE TABLE "settings" ("name" VARCHAR(40) PRIMARY KEY, "value" VARCHAR(40));
"""


def test_out_of_it_and_back(right_office: World, firebird_url: str, tmp_path: Path) -> None:
    platform = FirebirdPlatform(firebird_url)
    platform.run(TABLES)
    with closing(sqlite3.connect(right_office.source)) as rows:
        for table in ("firms", "people", "notes", "settings"):
            platform.insert(f'"{table}"', rows.execute(f"SELECT * FROM {table} ORDER BY 1"))
    world = replace(right_office.copied(tmp_path), source_url=firebird_url)
    before = dump(world.target)
    world.json("doctor", world.plan)
    taken = world.json("snapshot", world.plan)
    assert (taken["rows"], taken["fence"]["kind"]) == (5, "firebird-transaction")
    migrated = world.json("migrate", world.plan, "--archive", taken["archive"])
    assert {edge["target"]: edge["loaded"] for edge in migrated["edges"]} == {"persons": 2, "remarks": 2}
    assert world.json("rollback", migrated["run"])["verdict"] == "green"
    assert dump(world.target) == before
