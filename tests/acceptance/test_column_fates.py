"""Where every archived column went, as the report says it: also what an expression or a lookup reads is carried."""

from __future__ import annotations

import json
from pathlib import Path

from tests.acceptance.world import World, changing

PLAN = """\
plan: people
tenant: everybody
source: {url: "${SOURCE_URL}", scope: {root: database}}
store: ${STORE_URL}
mapping: mapping.yaml
target: {url: "${TARGET_URL}"}
"""
MAPPING = """\
mapping: people
version: 1
tables:
  people:
    edges:
      - from: members
        columns:
          id: id
          name: {sql: "first || ' ' || last"}
          country: {from: country, steps: [{lookup: {table: countries, key: code, value: name}}]}
        dropped: {password: "people set a new one"}
"""


def test_only_what_nothing_is_made_of_is_dropped(tmp_path: Path) -> None:
    world = World.at(tmp_path, source="source.db", target="target.db")
    world.plan.write_text(PLAN, encoding="utf-8")
    (tmp_path / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    with changing(world.source) as source:
        source.execute("CREATE TABLE countries (code TEXT PRIMARY KEY, name TEXT NOT NULL)")
        source.execute(
            "CREATE TABLE members (id INTEGER PRIMARY KEY, first TEXT, last TEXT, password TEXT,"
            " country TEXT REFERENCES countries)"
        )
        source.execute("INSERT INTO countries VALUES ('fr', 'France')")
        source.execute("INSERT INTO members VALUES (1, 'Ada', 'Byron', 'x', 'fr')")
    with changing(world.target) as target:
        target.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, country TEXT)")
    world.json("snapshot", world.plan)
    migrated = world.json("migrate", world.plan)
    report = json.loads(Path(migrated["report"]).with_name("verification.json").read_text())
    assert {(f"{fate['table']}.{fate['column']}", fate["fate"], fate["target"]) for fate in report["columns"]} == {
        ("members.id", "carried", "people.id"),
        ("members.first", "converted", "people.name"),
        ("members.last", "converted", "people.name"),
        ("members.country", "converted", "people.country"),
        ("countries.code", "converted", "people.country"),
        ("countries.name", "converted", "people.country"),
        ("members.password", "dropped", ""),
    }
