"""Files that rows name, as a person meets them: in the answer, in the archive, and not at all where one is lost."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.objects import write_bytes
from tests.acceptance.world import World
from tests.servers.bucket import Bucket

PLAN = """
plan: papers
tenant: acme
source:
  url: ${SOURCE_URL}
  scope:
    root: database
    attachments: [{table: papers, column: path, type: kind, size: bytes, base: "${FILES}"}]
    ACCEPT
store: ${STORE_URL}
mapping: mapping.yaml
target:
  url: ${TARGET_URL}
"""
MAPPING = """
mapping: papers
version: 1
tables:
  documents:
    edges:
      - from: papers
        columns: {id: id, place: path}
        dropped: {kind: "not asked for", bytes: "not asked for"}
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Four papers, of which one is lost, one empty and one cut."""
    made = World.at(tmp_path, source="papers.db", target="documents.db")
    files = tmp_path / "files"
    files.mkdir()
    for name, content in (("a.pdf", b"%PDF-1.7 a"), ("empty.pdf", b""), ("cut.pdf", b"%PDF-")):
        (files / name).write_bytes(content)
    with closing(sqlite3.connect(made.source)) as source:
        source.execute("CREATE TABLE papers (id INTEGER PRIMARY KEY, path TEXT, kind TEXT, bytes INTEGER)")
        rows = [(1, "a.pdf", 10), (2, "lost.pdf", 10), (3, "empty.pdf", 0), (4, "cut.pdf", 10)]
        source.executemany("INSERT INTO papers VALUES (?, ?, 'image/png', ?)", rows)
        source.commit()
    with closing(sqlite3.connect(made.target)) as target:
        target.execute("CREATE TABLE documents (id INTEGER PRIMARY KEY, place TEXT)")
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    monkeypatch.setenv("FILES", files.as_uri())
    return made


def plan(world: World, accept: str = "") -> Path:
    world.plan.write_text(PLAN.replace("ACCEPT", accept))
    return world.plan


def test_a_lost_file_is_red_by_its_row_and_there_is_no_archive(world: World) -> None:
    answer = world.json("snapshot", plan(world), code=3)
    [problem] = answer["problems"]
    assert (problem["where"], problem["examples"]) == ('papers.path ["2"]', ["lost.pdf"])
    assert "scope.accept: {papers.path: reason}" in problem["next"]
    assert world.archives() == []


def test_an_accepted_loss_is_listed_and_the_archive_is_whole(world: World) -> None:
    answer = world.json("snapshot", plan(world, 'accept: {papers.path: "burnt (ticket 7)"}'))
    told = answer["attachments"]
    assert [told[key] for key in ("files", "bytes", "missing", "empty", "altered")] == [3, 15, 1, 1, 1]
    assert told["accepted"] == {"papers.path": "burnt (ticket 7)"}
    assert world.json("archive", "check", answer["archive"])["verdict"] == "green"
    [archive] = world.archives()
    assert json.loads((archive / "data" / "reports" / "attachments.json").read_text()) == told
    with (archive / "data" / "csv" / "_files.csv").open(newline="") as lines:
        entries = {entry["row"]: entry for entry in csv.DictReader(lines)}
    assert {row: (entry["type"], entry["content_type"]) for row, entry in entries.items()} == {
        '["1"]': ("image/png", "application/pdf"),
        '["3"]': ("image/png", "\\N"),
        '["4"]': ("image/png", "application/pdf"),
    }
    sha256 = entries['["1"]']["sha256"]
    assert (archive / "data" / "files" / sha256[:2] / sha256).read_bytes() == b"%PDF-1.7 a"


def test_a_person_reads_which_files_are_wrong(world: World) -> None:
    answer = world.migrator("snapshot", plan(world, "accept: {papers.path: burnt}"))
    assert answer.code == 0
    for line in ("3 files", 'missing: papers.path ["2"] lost.pdf', 'empty: papers.path ["3"]', "its row says 10"):
        assert line in answer.stderr


def test_a_file_taken_out_of_the_archive_is_noticed(world: World) -> None:
    location = world.json("snapshot", plan(world, "accept: {papers.path: burnt}"))["archive"]
    [held, *_] = sorted(path for path in world.archives()[0].glob("data/files/*/*") if path.stat().st_size == 10)
    held.unlink()
    assert world.json("archive", "check", location, code=3)["verdict"] == "red"


def test_files_in_a_bucket_are_fetched_and_no_secret_is_kept(
    world: World, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = bucket.store("uploads")
    for path in (world.folder / "files").iterdir():
        write_bytes(store, path.name, path.read_bytes())
    for name, value in {**bucket.environment, "FILES": bucket.url("uploads")}.items():
        monkeypatch.setenv(name, value)
    answer = world.json("snapshot", plan(world, "accept: {papers.path: burnt}"))
    assert [answer["attachments"][key] for key in ("files", "bytes", "missing", "altered")] == [3, 15, 1, 1]
    assert world.json("archive", "check", answer["archive"])["verdict"] == "green"
    secret = bucket.credentials.secret_key.encode()
    assert not [path for path in world.store.rglob("*") if path.is_file() and secret in path.read_bytes()]


def test_the_doctor_looks_at_where_the_files_lie(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    [part] = [part for part in world.json("doctor", plan(world))["findings"] if part["part"] == "files"]
    assert (part["verdict"], part["where"]) == ("ok", "papers.path")
    monkeypatch.setenv("FILES", "/no/such/folder")
    answer = world.json("doctor", world.plan, code=2)
    assert "no such folder" in str(answer)


def test_a_load_says_that_it_takes_names_along_and_no_files(world: World) -> None:
    world.json("snapshot", plan(world, "accept: {papers.path: burnt}"))
    migrated = world.json("migrate", world.plan)
    [check] = [check for check in migrated["checks"] if check["name"] == "the files that papers.path names"]
    assert migrated["verdict"] == "green" and check["passed"] is None
    report = json.loads(Path(migrated["report"]).with_name("verification.json").read_text())
    assert report["accepted_losses"] == {"papers.path": "1 file(s) missing: burnt"}
