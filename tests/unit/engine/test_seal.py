"""A rehearsal vouches for the archive that is taken after it, and for no other plan, mapping or structure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappings.load import load_mapping
from migrator.engine.seal import seal_parts
from migrator.outcomes import SealParts
from storage.archive import Archive
from tests.conformance.platforms import SqlitePlatform
from tests.unit.engine.support import plan_of, taken

SCOPE = "root: {table: firms, where: {id: 1}}"
MAPPING = "mapping: m\nversion: 1\ntables: {firms: {edges: [{from: firms, columns: {id: id}}]}}\n"


@pytest.fixture
def source(platform: SqlitePlatform) -> SqlitePlatform:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, firm INTEGER REFERENCES firms (id), size NUMERIC, words TEXT);"
        "INSERT INTO firms VALUES (1, 'Zebra'); INSERT INTO notes VALUES (1, 1, 7, 'short');"
    )
    return platform


def parts_of(source: SqlitePlatform, mapping: str = MAPPING, scope: str = SCOPE) -> tuple[SealParts, Archive]:
    _, archive = taken(source, SCOPE)
    tables, live = [archived.table for archived in archive.tables], source.target().describe().tables
    return seal_parts(plan_of(scope), load_mapping(mapping, file="m.yaml"), tables, live), archive


def test_newer_values_are_of_the_same_seal_even_where_they_make_other_columns(source: SqlitePlatform) -> None:
    rehearsed, before = parts_of(source)
    source.run("INSERT INTO notes VALUES (2, 1, 'seven', '\\N'), (3, 1, 1.5, printf('%.1200000c', 'x'))")
    loaded, after = parts_of(source)
    assert before.table("notes").table != after.table("notes").table  # else this would show nothing
    assert (loaded, loaded.seal) == (rehearsed, rehearsed.seal)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE notes ADD COLUMN more TEXT",
        "DROP TABLE notes; CREATE TABLE notes (id INTEGER PRIMARY KEY, firm INTEGER NOT NULL, size TEXT, words TEXT)",
        "ALTER TABLE notes RENAME COLUMN words TO said",
    ],
)
def test_another_structure_is_of_another_seal(source: SqlitePlatform, change: str) -> None:
    rehearsed, _ = parts_of(source)
    source.run(change)
    scope = f"{SCOPE}\nreferences: [{{table: notes, column: firm, to: firms.id}}]"
    _, archive = taken(source, scope)
    tables, live = [archived.table for archived in archive.tables], source.target().describe().tables
    changed = seal_parts(plan_of(SCOPE), load_mapping(MAPPING, file="m.yaml"), tables, live)
    assert changed.source != rehearsed.source and changed.target != rehearsed.target
    assert replace(changed, source=rehearsed.source, target=rehearsed.target) == rehearsed
    assert changed.seal != rehearsed.seal


def test_each_part_is_in_the_seal(source: SqlitePlatform) -> None:
    rehearsed, _ = parts_of(source)
    mapped, _ = parts_of(source, mapping=f"{MAPPING}description: another\n")
    planned, _ = parts_of(source, scope=f"{SCOPE}  # another")
    assert replace(mapped, mapping=rehearsed.mapping) == rehearsed != mapped
    assert replace(planned, plan=rehearsed.plan) == rehearsed != planned
    assert len({rehearsed.seal, mapped.seal, planned.seal}) == 3
