"""Files that come with their rows: in the target's place, by the names the mapping gives, and gone with the load."""

from __future__ import annotations

import hashlib
import json
import signal
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text

from storage.objects import read_bytes, write_bytes
from tests.acceptance.world import World
from tests.servers.bucket import Bucket

PLAN = """
plan: papers
tenant: acme
source:
  url: ${SOURCE_URL}
  scope:
    root: database
    attachments:
      - {table: papers, column: path, base: "${FILES}"}
      - {table: pictures, column: content}
store: ${STORE_URL}
mapping: mapping.yaml
target:
  url: ${TARGET_URL}
  attachments:
    - {table: documents, column: place, base: "${UPLOADS}"}
    - {table: images, column: place, base: "${UPLOADS}"}
"""
MAPPING = """
mapping: papers
version: 1
tables:
  documents:
    edges:
      - from: papers
        columns:
          id: id
          place: {sql: "'acme/' || path"}
  images:
    edges:
      - from: pictures
        columns:
          id: id
          place: {sql: "'acme/pictures/' || id || '.png'"}
        dropped: {content: "it becomes a file"}
"""
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 5_000_000
"""More than a bucket takes in one conditional write."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Three papers, of which two are one file and one names none; a picture that its row holds."""
    made = World.at(tmp_path, source="papers.db", target="documents.db")
    for name, content in (("a.pdf", b"%PDF-1.7 a"), ("sub/empty.txt", b"")):
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    uploads(made).mkdir(mode=0o755)
    with closing(sqlite3.connect(made.source)) as source:
        source.execute("CREATE TABLE papers (id INTEGER PRIMARY KEY, path TEXT)")
        source.execute("CREATE TABLE pictures (id INTEGER PRIMARY KEY, content BLOB)")
        rows = [(1, "a.pdf"), (2, "a.pdf"), (3, "sub/empty.txt"), (4, None)]
        source.executemany("INSERT INTO papers VALUES (?, ?)", rows)
        source.execute("INSERT INTO pictures VALUES (7, ?)", [PICTURE])
        source.commit()
    with closing(sqlite3.connect(made.target)) as target:
        target.execute("CREATE TABLE documents (id INTEGER PRIMARY KEY, place TEXT)")
        target.execute("CREATE TABLE images (id INTEGER PRIMARY KEY, place TEXT)")
    made.plan.write_text(PLAN)
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    monkeypatch.setenv("FILES", (tmp_path / "files").as_uri())
    monkeypatch.setenv("UPLOADS", uploads(made).as_uri())
    return made


def uploads(world: World) -> Path:
    return world.folder / "uploads"


def standing(world: World) -> dict[str, bytes]:
    """Every file of the place, also what is hidden."""
    folder = uploads(world)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


LOADED = {"acme/a.pdf": b"%PDF-1.7 a", "acme/sub/empty.txt": b"", "acme/pictures/7.png": PICTURE}


def loaded(world: World) -> str:
    """The run of a green migration."""
    world.json("snapshot", world.plan)
    return str(world.json("migrate", world.plan)["run"])


def test_files_arrive_under_the_names_the_mapping_gives_and_go_with_the_load(world: World) -> None:
    (uploads(world) / "theirs.txt").write_text("theirs")
    run = loaded(world)
    there = {name: content for name, content in standing(world).items() if not name.startswith(".migrator/")}
    assert there == {**LOADED, "theirs.txt": b"theirs"}
    verified = world.json("verify", run)
    assert verified["verdict"] == "green"
    checks = {check["name"]: check for check in verified["checks"]}
    [papers] = [check for name, check in checks.items() if "documents.place" in name]
    assert papers["passed"] and papers["detail"] == "2 of 2 files, 10 bytes"
    assert not [name for name in checks if name.startswith("the files that papers.path names")]
    rolled = world.json("rollback", run)
    assert (rolled["verdict"], rolled["files_removed"], rolled["files_kept"]) == ("green", 3, 0)
    assert standing(world) == {"theirs.txt": b"theirs"}
    assert sorted(path.name for path in uploads(world).iterdir()) == ["theirs.txt"]


def test_a_rehearsal_puts_files_reads_them_again_and_leaves_none(world: World) -> None:
    world.json("snapshot", world.plan)
    rehearsed = world.json("rehearse", world.plan)
    assert rehearsed["verdict"] == "green"
    assert [check["detail"] for check in rehearsed["checks"] if "images.place" in check["name"]] == [
        f"1 of 1 files, {len(PICTURE):,} bytes"
    ]
    assert list(uploads(world).iterdir()) == []


def test_files_may_be_read_by_whoever_may_read_their_folder(world: World) -> None:
    loaded(world)
    assert stat.S_IMODE((uploads(world) / "acme" / "a.pdf").stat().st_mode) == 0o644


def spoil(world: World) -> None:
    (uploads(world) / "acme" / "a.pdf").write_bytes(b"%PDF-1.7 b")


def lose(world: World) -> None:
    (uploads(world) / "acme" / "a.pdf").unlink()


@pytest.mark.parametrize("harm", [spoil, lose])
def test_a_file_that_was_changed_or_lost_is_found_and_named(world: World, harm: Callable[[World], None]) -> None:
    run = loaded(world)
    harm(world)
    verified = world.json("verify", run, code=3)
    assert verified["verdict"] == "red" and verified["different"] == 1
    report = json.loads(Path(verified["report"]).with_name("verification.json").read_text())
    [found] = report["verification"]["differences"]
    assert (found["table"], found["key"]) == ("documents", {"place": "acme/a.pdf"})
    assert found["expected"] == "sha256:" + hashlib.sha256(b"%PDF-1.7 a").hexdigest()


def test_a_file_somebody_changed_since_the_load_stays_and_is_listed(world: World) -> None:
    run = loaded(world)
    spoil(world)
    rolled = world.json("rollback", run, code=3)
    assert (rolled["files_removed"], rolled["files_kept"]) == (2, 1)
    [note] = rolled["notes"]
    assert note["key"] == {"file": "acme/a.pdf"} and "changed" in note["why"]
    assert standing(world) == {"acme/a.pdf": b"%PDF-1.7 b"}


def test_a_file_that_somebodys_row_names_stays(world: World) -> None:
    run = loaded(world)
    with closing(sqlite3.connect(world.target)) as target:
        target.execute("INSERT INTO images VALUES (99, 'acme/a.pdf')")
        target.commit()
    rolled = world.json("rollback", run, code=3)
    assert [(note["key"], note["why"]) for note in rolled["notes"]] == [
        ({"file": "acme/a.pdf"}, "the file stays: a row names it in images.place")
    ]
    assert standing(world) == {"acme/a.pdf": b"%PDF-1.7 a"}


def test_an_equal_file_that_was_there_before_is_left_alone(world: World) -> None:
    (uploads(world) / "acme").mkdir()
    (uploads(world) / "acme" / "a.pdf").write_bytes(b"%PDF-1.7 a")
    rolled = world.json("rollback", loaded(world))
    assert rolled["files_removed"] == 2
    assert standing(world) == {"acme/a.pdf": b"%PDF-1.7 a"}


def test_another_file_of_that_name_is_red_before_anything_is_touched(world: World) -> None:
    (uploads(world) / "acme").mkdir()
    (uploads(world) / "acme" / "a.pdf").write_bytes(b"of somebody else")
    world.json("snapshot", world.plan)
    [problem] = world.json("map", "check", world.plan, code=3)["problems"]
    assert "another file stands there" in problem["what"] and problem["examples"] == ["acme/a.pdf"]
    world.json("migrate", world.plan, code=3)
    assert standing(world) == {"acme/a.pdf": b"of somebody else"}


WRONG = {
    "several rows give one name to different files": "place: {sql: \"left(path, 0) || 'one'\"}",
    "this cannot name a file below the base": "place: {sql: \"'../' || path\"}",
    "a row has a file, and the mapping gives it no name": "place: {sql: \"nullif(path, 'a.pdf')\"}",
    "the mapping names a file, and the source row has none": "place: {sql: \"coalesce(path, 'none')\"}",
}


@pytest.mark.parametrize("what", WRONG)
def test_names_that_cannot_be_are_found_by_the_check(world: World, what: str) -> None:
    world.json("snapshot", world.plan)
    mapping = MAPPING.replace("place: {sql: \"'acme/' || path\"}", WRONG[what])
    (world.folder / "mapping.yaml").write_text(mapping)
    problems = world.json("map", "check", world.plan, code=3)["problems"]
    [problem] = [problem for problem in problems if what in problem["what"]]
    assert problem["where"].endswith("documents.place") and "plan.yaml:" in problem["where"]
    world.json("migrate", world.plan, code=3)
    assert standing(world) == {}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{table: nothing, column: place, base: x}", "the mapping fills no table 'nothing'"),
        ("{table: documents, column: plaec, base: x}", "fills no column documents.plaec"),
        ("{table: documents, column: id, base: x}", "names no files"),
        (
            "{table: images, column: place, base: x, from: id}",
            "which files of pictures go under the names in images.place",
        ),
        ("{table: documents, column: place, base: 'https://example.org/x'}", "cannot be put to a web server"),
        ("{table: documents, column: place, base: /no/such/folder}", "no such folder"),
    ],
)
def test_a_rule_that_leads_nowhere_is_told_with_its_place(world: World, entry: str, said: str) -> None:
    world.json("snapshot", world.plan)
    text = PLAN[: PLAN.rindex("  attachments:")] + f"  attachments: [{entry.replace('base: x', 'base: UPLOADS')}]\n"
    world.plan.write_text(text.replace("UPLOADS", str(uploads(world))))
    answer = world.json("map", "check", world.plan, code=2)
    assert said in answer["error"]


def test_a_load_that_fails_takes_its_files_back(world: World) -> None:
    world.json("snapshot", world.plan)
    with closing(sqlite3.connect(world.target)) as target:  # what no check can foresee
        target.execute("CREATE TABLE images2 (id INTEGER PRIMARY KEY, place TEXT CHECK (random() IS NULL))")
        target.execute("DROP TABLE images")
        target.execute("ALTER TABLE images2 RENAME TO images")
        target.commit()
    world.json("migrate", world.plan, code=3)
    assert list(uploads(world).iterdir()) == []


def test_files_of_a_killed_load_are_swept_by_the_next(world: World) -> None:
    world.json("snapshot", world.plan)
    with world.start("migrate", world.plan) as process:
        until = time.monotonic() + 60
        while not (uploads(world) / "acme" / "a.pdf").exists() and time.monotonic() < until:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with closing(sqlite3.connect(world.target)) as target:
        committed = target.execute("SELECT count(*) FROM documents").fetchone() != (0,)
    assert committed or standing(world) != {}
    world.json("rehearse", world.plan, code=3 if committed else 0)
    assert committed or list(uploads(world).iterdir()) == []


def test_files_go_to_a_bucket_and_come_back_from_there(
    world: World, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = bucket.store("uploads")
    write_bytes(store, "theirs.txt", b"theirs")
    for name, value in {**bucket.environment, "UPLOADS": bucket.url("uploads")}.items():
        monkeypatch.setenv(name, value)
    run = loaded(world)
    assert {name: read_bytes(store, name) for name in LOADED} == LOADED
    assert world.json("verify", run)["verdict"] == "green"
    assert world.json("rollback", run)["files_removed"] == 3
    assert [info.key for info in store.list()] == ["theirs.txt"]


@pytest.mark.parametrize("server", ["postgres_url", "mariadb_url"])
def test_files_follow_the_rows_of_a_server(world: World, server: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(server)
    made = replace(world, target_url=url)
    with served(url) as target:
        target.execute(text("CREATE TABLE documents (id INTEGER PRIMARY KEY, place VARCHAR(200))"))
        target.execute(text("CREATE TABLE images (id INTEGER PRIMARY KEY, place VARCHAR(200))"))
    run = loaded(made)
    with served(url) as target:
        target.execute(text("INSERT INTO documents VALUES (50, 'acme/pictures/7.png')"))
    rolled = made.json("rollback", run, code=3)
    assert (rolled["reversed"], rolled["files_removed"], rolled["files_kept"]) == (5, 2, 1)
    assert standing(world) == {"acme/pictures/7.png": PICTURE}


@contextmanager
def served(url: str) -> Iterator[Connection]:
    """Somebody else's connection to a server, committed at the end."""
    dialect = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
    scheme, _, rest = url.partition("://")
    engine = create_engine(f"{dialect[scheme]}://{rest}")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_the_doctor_puts_a_file_there_and_removes_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [part for part in world.json("doctor", world.plan)["findings"] if part["part"] == "target files"]
    assert [(part["what"], part["verdict"], part["where"]) for part in findings if part["what"] == "writable"] == [
        ("writable", "ok", "documents.place"),
        ("writable", "ok", "images.place"),
    ]
    assert list(uploads(world).iterdir()) == []
    monkeypatch.setenv("UPLOADS", "/no/such/folder")
    assert "no such folder of files" in str(world.json("doctor", world.plan, code=2))
