"""A few rows through an edge that is being written: every value by itself, whatever is wrong elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from mappings.load import load_mapping
from migrator.engine import trial as trials
from migrator.engine.trial import Trial, trial
from migrator.engine.workbench import workbench
from storage.archive import Archive
from storage.errors import Misuse
from tests.conformance.platforms import SqlitePlatform
from tests.unit.engine.support import taken

SOURCE = """
CREATE TABLE towns (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, town_id INTEGER, boss_id INTEGER);
INSERT INTO towns VALUES (1, 'Lyon'), (2, 'Brest'), (3, 'Lille');
INSERT INTO people VALUES (1, 'Ada', 1, NULL), (2, 'Benedict', 2, 1), (3, 'Cleo', 9, 2), (4, NULL, NULL, 7);
"""
TARGET = """
CREATE TABLE persons (id INTEGER PRIMARY KEY, name VARCHAR(5) NOT NULL, town TEXT, town_id INTEGER, boss TEXT);
CREATE TABLE places (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE pairs (person_id INTEGER, other_id INTEGER, PRIMARY KEY (person_id, other_id));
"""
MAPPING = """
mapping: m
version: 1
keys: {people: {method: offset, by: 100, target: persons}, towns: {method: keep, target: places}}
tables:
  persons:
    edges:
      - from: people
        columns: {COLUMNS}
        REST
  places:
    edges:
      - {from: towns, columns: {id: {from: id, steps: [{remap: towns}]}, name: name}}
  pairs:
    edges:
      - from: people
        columns:
          person_id: {from: id, steps: [{remap: people}]}
          other_id: {from: town_id, steps: [{remap: nobody}]}
  nowhere:
    edges:
      - {from: towns, columns: {nothing: none}}
"""


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    source = SqlitePlatform(tmp_path / "source.db")
    source.run(SOURCE)
    return taken(source, "root: database")[1]


def tried(
    archive: Archive, folder: Path, columns: str, rest: str = "", *, rows: int = 20, column: str | None = None
) -> Trial:
    target = SqlitePlatform(folder / "target.db")
    target.run(TARGET)
    mapping = load_mapping(MAPPING.replace("COLUMNS", columns).replace("REST", rest), file="m")
    with workbench() as bench:
        return trial(bench, archive, mapping, target.target().describe(), 0, rows=rows, column=column)


def test_values_that_do_not_fit_stand_beside_those_that_do(archive: Archive, tmp_path: Path) -> None:
    columns = (
        "id: {from: id, steps: [{remap: people}]}, name: name, "
        "town_id: {from: town_id, steps: [{remap: towns}]}, "
        "town: {from: town_id, steps: [{lookup: {table: towns, key: id, value: name, otherwise: abroad}}]}"
    )
    found = tried(archive, tmp_path, columns)
    assert [dict(row.after) for row in found.rows] == [
        {"id": 101, "name": "Ada", "town_id": 1, "town": "Lyon"},
        {"id": 102, "town_id": 2, "town": "Brest"},
        {"id": 103, "name": "Cleo", "town": "abroad"},
        {"id": 104, "town_id": None, "town": None},
    ]
    refused = [set(row.refused) for row in found.rows]
    assert refused == [set(), {"name"}, {"town_id"}, {"name"}]
    assert "longer than 5" in found.rows[1].refused["name"] and "orphan" in found.rows[2].refused["town_id"]
    assert "NOT NULL" in found.rows[3].refused["name"] and not found.partly
    assert found.rows[1].before == {"id": 2, "name": "Benedict", "town_id": 2, "boss_id": 1}


def test_rows_that_are_left_out_say_so(archive: Archive, tmp_path: Path) -> None:
    columns = 'id: id, name: {sql: "left(name, 5)"}'
    lines = "\n        ".join(part.strip() for part in ('where: "town_id IS NOT NULL"', "because: x"))
    found = tried(archive, tmp_path, columns, f"{lines}\n        reject: [{{when: 'town_id > 5', because: y}}]")
    assert [row.left for row in found.rows] == ["", "", "rejected", "excluded"]
    assert found.rows[1].after["name"] == "Bened"


def test_an_edge_may_look_values_up_in_its_own_table(archive: Archive, tmp_path: Path) -> None:
    lookup = "{lookup: {table: people, key: id, value: name, otherwise: nobody}}"
    found = tried(archive, tmp_path, f"id: id, boss: {{from: boss_id, steps: [{lookup}]}}", rows=2)
    assert [row.before["id"] for row in found.rows] == [1, 3]
    assert [row.after["boss"] for row in found.rows] == [None, "Benedict"]


def test_what_a_step_made_is_looked_for_everywhere(archive: Archive, tmp_path: Path) -> None:
    steps = "[{cast: text}, {cast: integer}, {remap: towns}]"
    found = tried(archive, tmp_path, f"id: id, name: {{const: x}}, town_id: {{from: town_id, steps: {steps}}}")
    assert [row.after.get("town_id") for row in found.rows] == [1, 2, None, None]
    links = "{from: name, steps: [{relink: [{prefix: '/people/', table: people}]}]}"
    (tmp_path / "target.db").unlink()
    found = tried(archive, tmp_path, f"id: {{from: id, steps: [{{remap: people}}]}}, town: {links}")
    assert found.rows[0].after["town"] == "Ada"


def test_what_was_not_read_to_its_end_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SqlitePlatform(tmp_path / "source.db")
    source.run(SOURCE)
    numbers = "WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) SELECT i, 'x' FROM n"
    source.run(f"INSERT INTO towns {numbers};")
    archive = taken(source, "root: database")[1]
    columns = "id: id, town_id: {from: town_id, steps: [{remap: towns}]}"
    assert tried(archive, tmp_path, columns, rows=3).partly == ()
    monkeypatch.setattr(trials, "MOST_ROWS", 5_000)
    (tmp_path / "target.db").unlink()
    found = tried(archive, tmp_path, columns, rows=3)
    assert found.partly == ("towns",) and [row.after.get("town_id") for row in found.rows] == [1, 2, None]


def test_one_column_is_tried_whatever_is_wrong_with_the_others(archive: Archive, tmp_path: Path) -> None:
    columns = (
        "id: {from: id, steps: [{remap: people}]}, boss: {from: boss_id, steps: [{remap: people}]}, "
        "name: {from: name, steps: [{remap: nobody}]}, nam: name"
    )
    found = tried(archive, tmp_path, columns, column="boss")
    assert [row.after.get("boss") for row in found.rows] == [None, "101", "102", None]
    assert "orphan" in found.rows[3].refused["boss"]


def test_only_what_the_edge_itself_says_must_be_right(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="unknown target column 'nam'"):
        tried(archive, tmp_path, "id: id, nam: name")
