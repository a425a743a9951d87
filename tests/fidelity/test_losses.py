"""What cannot be held exactly stops a snapshot, by name and with what was found, until the plan says why it may."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrator.engine.losses import losses_of
from storage.errors import Red
from tests.conformance.platforms import PostgresPlatform
from tests.unit.engine.support import taken

_TABLE = """
CREATE SCHEMA office; CREATE TABLE office.scans (id int PRIMARY KEY, content oid, "odd.name" oid);
INSERT INTO office.scans VALUES (1, lo_from_bytea(0, '\\x00ff'), 7), (2, NULL, 7);
"""


@pytest.fixture
def platform(postgres_url: str) -> PostgresPlatform:
    found = PostgresPlatform(postgres_url)
    found.run(_TABLE)
    return found


def test_large_objects_are_told_and_never_taken_for_numbers(platform: PostgresPlatform) -> None:
    with pytest.raises(Red, match="1 large objects, whose content stays behind") as red:
        taken(platform, "root: database")
    (problem,) = red.value.problems
    assert problem.where == "office.scans.content"
    assert "scope.accept: {office.scans.content: reason}" in problem.next


def test_what_is_accepted_by_name_stands_in_the_archive_with_its_reason(platform: PostgresPlatform) -> None:
    _, archive = taken(platform, 'root: database\naccept: {office.scans.content: "fetched by the vendor, ticket 12"}')
    (loss,) = losses_of(archive)
    assert (loss.name, loss.native, loss.fidelity) == ("office.scans.content", "oid", "lossy")
    assert loss.reason == "fetched by the vendor, ticket 12"
    column = archive.table("office.scans").table.column("content")
    assert column.fidelity == "lossy"


def test_a_column_that_lost_nothing_is_no_loss_though_it_was_accepted(platform: PostgresPlatform) -> None:
    platform.run("UPDATE office.scans SET content = NULL;")
    _, archive = taken(
        platform, "root: database\naccept: {office.scans.content: agreed, office.scans.odd.name: agreed}"
    )
    assert losses_of(archive) == ()
    assert json.loads(archive.document("reports/losses.json")) == []


def test_inspect_names_them(platform: PostgresPlatform, tmp_path: Path) -> None:
    from tests.acceptance.world import World

    world = World(folder=tmp_path, source=tmp_path, target=tmp_path)
    assert "Not held exactly" in world.migrator("inspect", platform.url).stdout
    (table,) = world.json("inspect", platform.url)["tables"]
    columns = {column["name"]: column for column in table["columns"]}
    assert columns["content"]["fidelity"] == "lossy"
    assert columns["odd.name"]["fidelity"] == "text"
    assert columns["id"]["nullable"] is False
