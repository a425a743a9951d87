"""A move small enough to be made wrong in every way: two firms in one database, one of which leaves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.acceptance.world import World

SOURCE = """
CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE people (
    id INTEGER PRIMARY KEY, firm_id INTEGER NOT NULL REFERENCES firms (id), name TEXT NOT NULL, mood TEXT NOT NULL,
    age TEXT, friend_id INTEGER REFERENCES people (id));
CREATE TABLE notes (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES people (id), text TEXT NOT NULL);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT);
INSERT INTO firms VALUES (1, 'Ours'), (2, 'Theirs');
INSERT INTO people VALUES
    (1, 1, 'Ada', 'calm', '36', NULL), (2, 1, 'Ben', 'glad', '41', 1), (3, 2, 'Cleo', 'calm', '29', NULL);
INSERT INTO notes VALUES (1, 1, 'one'), (2, 2, 'two'), (3, 3, 'theirs');
INSERT INTO settings VALUES ('colour', 'blue');
"""
TARGET = """
CREATE TABLE persons (
    id INTEGER PRIMARY KEY, name VARCHAR(10) NOT NULL, mood TEXT NOT NULL, age INTEGER, nickname TEXT UNIQUE);
CREATE TABLE remarks (
    id INTEGER PRIMARY KEY, person_id INTEGER NOT NULL REFERENCES persons (id), text TEXT NOT NULL);
INSERT INTO persons VALUES (900, 'Zoe', 'calm', 50, 'zoe');
"""
PLAN = """\
plan: ours-away
tenant: ours
source:
  url: ${SOURCE_URL}
  scope:
    root: {table: firms, where: {id: 1}}
    excluded: {settings: "the vendor's own"}
store: ${STORE_URL}
mapping: mapping.yaml
target:
  url: ${TARGET_URL}
"""
MAPPING = """\
mapping: office
version: 1
keys:
  people: {method: keep, target: persons}
  notes: {method: keep, target: remarks}
dropped_tables:
  firms: "the new product serves one firm"
tables:
  persons:
    edges:
      - from: people
        columns:
          id: {from: id, steps: [{remap: people}]}
          name: name
          mood: {from: mood, steps: [{lookup: {values: {calm: quiet, glad: happy}}}]}
          age: {from: age, steps: [{cast: integer}]}
          nickname: {sql: "lower(name)"}
        dropped:
          firm_id: "one firm"
          friend_id: "the new product has no friends"
  remarks:
    edges:
      - from: notes
        columns:
          id: {from: id, steps: [{remap: notes}]}
          person_id: {from: author_id, steps: [{remap: people}]}
          text: text
"""


def office(folder: Path) -> World:
    """Source, target, plan and mapping, all of them right; no archive yet."""
    world = World.at(folder, source="source.db", target="target.db")
    for path, script in ((world.source, SOURCE), (world.target, TARGET)):
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
    world.plan.write_text(PLAN, encoding="utf-8")
    mapping_of(world).write_text(MAPPING, encoding="utf-8")
    return world


def mapping_of(world: World) -> Path:
    return world.folder / "mapping.yaml"


def rewritten(path: Path, old: str, new: str) -> None:
    """Replace exactly one passage of a text file."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new), encoding="utf-8")
