"""`migrator restore`: an archive is a database again, or nothing is there that was not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrator.engine import restore as restoring
from tests.acceptance.test_resume import once
from tests.acceptance.world import World, dump
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.support_transplant import transplant

PLATFORMS: dict[str, Any] = {"postgres": PostgresPlatform, "mariadb": MysqlPlatform}

PLAN = """\
plan: everything
tenant: everybody
source: {url: "${SOURCE_URL}", scope: {root: database}}
store: ${STORE_URL}
"""


def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "restored"
    folder.mkdir()
    return folder / "app.db"


@pytest.fixture(params=["archived", "right_office"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    made: World = request.getfixturevalue(request.param)
    return made.copied(tmp_path / "world")


def inserts(database: Path) -> list[str]:
    return sorted(line for line in dump(database) if line.startswith("INSERT"))


def digests(world: World, archive: str) -> dict[str, tuple[int, str]]:
    tables = world.json("archive", "show", archive)["tables"]
    return {table["name"]: (table["rows"], table["digest"]) for table in tables}


def test_both_forms_give_the_same_database(world: World, place: Path) -> None:
    (archive,) = world.archives()
    before = world.state()
    answers = [
        world.json("restore", archive, url(place.with_name(f"{form}.db")), "--from", form)
        for form in ("parquet", "csv")
    ]
    assert [answer["read_from"] for answer in answers] == ["parquet", "csv"]
    for answer in answers:
        assert (answer["verdict"], answer["departures"], answer["differences"]) == ("green", [], [])
        assert all(table["digest"] == table["found"] for table in answer["tables"])
    assert sorted(dump(place.with_name("parquet.db"))) == sorted(dump(place.with_name("csv.db")))
    restored = {table["name"]: (table["rows"], table["found"]) for table in answers[0]["tables"]}
    assert restored == digests(world, str(archive))
    assert world.state() == before  # neither source, target nor store


def test_a_whole_database_goes_around(world: World, place: Path, tmp_path: Path) -> None:
    """Source, archive, database, archive: the rows as `.dump` writes them, and every digest."""
    world.plan.write_text(PLAN, encoding="utf-8")
    first = world.json("snapshot", world.plan)["archive"]
    world.json("restore", first, url(place))
    assert inserts(place) == inserts(world.source)
    again = World.at(tmp_path / "again", source="unused.db", target="unused.db")
    again.plan.write_text(PLAN.replace("${SOURCE_URL}", url(place)), encoding="utf-8")
    second = again.json("snapshot", again.plan)["archive"]
    assert digests(again, second) == digests(world, first)


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_a_server_s_database_goes_around(
    social: World, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """One tenant of it, by both forms, one of them resumed; and what was restored, whole, with the same digests."""
    server: Any = request.getfixturevalue(kind)
    databases = [server.database() for _ in range(3)]
    request.addfinalizer(lambda: [server.drop(database) for database in databases])
    source, *restored = (PLATFORMS[kind](database) for database in databases)
    transplant(social.source, source)
    world = social.between(source.url, source.url, tmp_path)
    archive = world.json("snapshot", world.plan)["archive"]
    once(monkeypatch, restoring, "described")  # the tables stand, and nobody has read them yet
    stopped = world.json("restore", archive, restored[0].url, code=1)
    run = world.runs()[-1]["run_id"]
    assert f"migrator runs resume {run} goes on after rebuild" in stopped["next"]
    assert "--url" in world.json("runs", "resume", run, code=2)["next"]  # nobody kept the password
    resumed = world.json("runs", "resume", run, "--url", restored[0].url)
    for answer, form in (
        (resumed, "parquet"),
        (world.json("restore", archive, restored[1].url, "--from", "csv"), "csv"),
    ):
        assert (answer["verdict"], answer["read_from"], answer["rows"]) == ("green", form, 191)
    first, second = (platform.dump() for platform in restored)
    assert first | {"": []} == second | {"": []}  # the catalogs name constraints' triggers by numbers
    after = replace(world, source_url=restored[0].url)
    attached = "{root: database, attachments: [{table: files, column: content, name: name, type: mime_type}]}"
    after.plan.write_text(PLAN.replace("{root: database}", attached), encoding="utf-8")
    again = after.json("snapshot", after.plan)["archive"]
    assert digests(after, again) == digests(world, archive)
    refused = world.json("restore", archive, restored[0].url, code=2)
    assert refused["error"] and refused["next"]


def test_it_is_a_run_and_says_what_became_of_it(right_office: World, tmp_path: Path, place: Path) -> None:
    world = right_office.copied(tmp_path / "world")
    (archive,) = world.archives()
    answer = world.migrator("restore", archive, url(place))
    assert answer.code == 0, answer
    assert "green" in answer.stdout and "every table's digest is the archive's" in answer.stdout
    (run,) = (run for run in world.runs() if run["kind"] == "restore")
    assert (run["verdict"], run["target"], run["tenant"]) == ("green", url(place), "ours")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("CREATE TABLE mine (a); INSERT INTO mine VALUES (1);", "table mine"),
        ("CREATE TABLE t (a); DROP TABLE t; CREATE VIEW v AS SELECT 1;", "view v"),
    ],
)
def test_a_database_that_holds_anything_is_left_alone(right_office: World, place: Path, made: str, said: str) -> None:
    (archive,) = right_office.archives()
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript(made)
    before = place.read_bytes()
    answer = right_office.json("restore", archive, url(place), code=2)
    assert said in answer["error"] and answer["where"] == str(place) and answer["next"]
    assert place.read_bytes() == before


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("postgresql://me:s3cr3t@localhost:1/db", 2, "comes from sqlite, this is postgresql"),
        ("mysql://me:s3cr3t@localhost:1/db", 2, "comes from sqlite, this is mysql"),
        ("oracle://me:s3cr3t@localhost/db", 2, "no driver"),
        ("sqlite:///{folder}", 2, "a folder, not a file"),
        ("sqlite:///{folder}/no/such.db", 1, "No such file or directory"),
    ],
)
def test_an_address_that_cannot_be(right_office: World, tmp_path: Path, address: str, code: int, said: str) -> None:
    (archive,) = right_office.archives()
    answer = right_office.json("restore", archive, address.format(folder=tmp_path), code=code)
    assert said in answer["error"] and "s3cr3t" not in str(answer)
    assert list(tmp_path.iterdir()) == []


def test_of_a_damaged_archive_nothing_is_made(right_office: World, tmp_path: Path, place: Path) -> None:
    world = right_office.copied(tmp_path / "world")
    (archive,) = world.archives()
    (part,) = (archive / "data" / "csv").glob("notes*.csv")  # of the form that nothing is taken from
    part.write_bytes(part.read_bytes().replace(b"one", b"two"))
    answer = world.json("restore", archive, url(place), code=3)
    assert answer["verdict"] == "red" and "notes" in str(answer["problems"])
    assert list(place.parent.iterdir()) == []


def test_what_could_not_be_as_it_was_is_told(right_office: World, tmp_path: Path, place: Path) -> None:
    world = right_office.copied(tmp_path / "world")
    with closing(sqlite3.connect(world.source)) as connection:
        connection.executescript(
            "CREATE VIEW everybody AS SELECT * FROM people; PRAGMA foreign_keys = OFF;"
            "INSERT INTO notes VALUES (9, 99, 'nobody wrote this');"
        )
    world.plan.write_text(PLAN, encoding="utf-8")
    archive = world.json("snapshot", world.plan)["archive"]
    answer = world.json("restore", archive, url(place))
    notes = {note["where"]: (note["count"], note["examples"]) for note in answer["notes"]}
    assert notes == {"views": (1, ["everybody"]), "notes, foreign key author_id": (1, ["9"])}
    assert all(note["next"] for note in answer["notes"])
    said = world.migrator("restore", archive, url(place.with_name("again.db")))
    assert said.code == 0 and "notes, foreign key author_id" in said.stdout
