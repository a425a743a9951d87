"""One person's export: exactly what is about them, nobody else's values, and where else they are mentioned."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.acceptance.confidants import EMAIL, HERS, HOSTILE, LARGE, MENTIONED, OTHERS, PLAN, ROWS, TABLES
from tests.acceptance.office import rewritten
from tests.acceptance.world import World
from tests.conformance.made import KINDS, Made

PIN = "0147-PIN"
"""Stands in each value that lets somebody in."""
WITHHELD = {
    "people.pin": "it lets you in",
    "visits.page": "what our shop is made of",
    "letters.recipient_id": "theirs",
    "notes.body": "the words of the firm",
}


def confidants(platform: Any, folder: Path) -> World:
    """Their database on an empty platform, and the plan; no archive yet."""
    platform.run(TABLES)
    for table, rows in ROWS.items():
        platform.insert(table, rows)
    world = replace(World.at(folder, source="none.db", target="target.db"), source_url=platform.url)
    world.plan.write_text(PLAN, encoding="utf-8")
    return world


def planned(platform: Any, folder: Path, root: str) -> World:
    """A platform with a plan that says who the tenant is, and no more."""
    world = replace(World.at(folder / "world", source="none.db", target="target.db"), source_url=platform.url)
    source = f"source:\n  url: ${{SOURCE_URL}}\n  scope:\n    root: {root}\n"
    world.plan.write_text(f"plan: hers\ntenant: ours\n{source}store: ${{STORE_URL}}\n", encoding="utf-8")
    return world


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, made: Made, tmp_path: Path) -> World:
    """The confidants, on each platform."""
    return confidants(made(request.param), tmp_path / "world")


@pytest.fixture
def small(made: Made, tmp_path: Path) -> World:
    """The same on SQLite alone."""
    return confidants(made("sqlite"), tmp_path / "world")


@pytest.fixture
def guarded(made: Made, tmp_path: Path) -> World:
    """The confidants on SQLite, each of whom has a number that lets them in."""
    platform: Any = made("sqlite")
    world = confidants(platform, tmp_path / "world")
    platform.run(f"ALTER TABLE people ADD COLUMN pin VARCHAR(20); UPDATE people SET pin = '{PIN}' || id")
    return world


@pytest.fixture
def ruche(social: World, tmp_path: Path) -> World:
    """The social story, whose plan says what is one member's."""
    return social.copied(tmp_path / "ruche")


def withholding(world: World, columns: dict[str, str], more: str = "") -> None:
    """Say it in the plan, of a person's export."""
    said = f"      people:\n        withheld: {json.dumps(columns)}\n{more}"
    rewritten(world.plan, "      people:\n        excluded", f"{said}        excluded")


# ── looking into an archive ─────────────────────────────────────────────────────────────────────────────────
def master(archive: Path, table: str) -> list[list[str]]:
    """The rows of the CSV, each value as its text."""
    text = (archive / "data" / "csv" / f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.reader(io.StringIO(text, newline="")))[1:]


def contents(archive: Path) -> Iterator[tuple[str, str]]:
    """Everything that stands in an archive, by path, Parquet unpacked."""
    for path in sorted(path for path in archive.rglob("*") if path.is_file()):
        name = str(path.relative_to(archive))
        yield name, path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".parquet":
            file = pq.ParquetFile(path)
            yield name, f"{file.read().to_pylist()} {file.metadata.to_dict()}"


class Tags(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links.update(value or "" for name, value in attrs if name in ("href", "src"))

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: Path) -> Tags:
    tags = Tags()
    tags.feed(page.read_text(encoding="utf-8"))
    return tags


# ── whose rows ──────────────────────────────────────────────────────────────────────────────────────────────
def test_exactly_her_rows_and_nobody_else_s_values(world: World) -> None:
    taken = world.json("snapshot", world.plan, "--subject", f"people.email={EMAIL}")
    archive = Path(taken["archive"])
    assert world.json("archive", "check", archive)["verdict"] == "green"
    expected = {name: sorted(str(ROWS[name][place][0]) for place in places) for name, places in HERS.items()}
    assert {table["name"]: table["rows"] for table in taken["tables"]} == {k: len(v) for k, v in expected.items()}
    assert {name: sorted(row[0] for row in master(archive, name)) for name in expected} == expected
    assert [name for name, content in contents(archive) if OTHERS in content] == []
    mentions = taken["subject"]["mentions"]["found"]
    assert {(one["table"], one["column"], one["by"]) for one in mentions} == set(MENTIONED)
    scope = json.loads((archive / "data" / "provenance" / "scope.json").read_text(encoding="utf-8"))
    assert "people where id = 1" in {table["path"] for table in scope["tables"]}  # however she was called


def test_who_mentions_her_is_counted_and_found(small: World) -> None:
    taken = small.json("snapshot", small.plan, "--subject", "people=1")
    mentions = taken["subject"]["mentions"]
    assert json.loads((Path(taken["archive"]) / "data/reports/mentions.json").read_text(encoding="utf-8")) == mentions
    found = {(m["table"], m["column"], m["by"]): {key["id"] for key in m["keys"]} for m in mentions["found"]}
    assert found == MENTIONED and all(m["rows"] == len(m["keys"]) for m in mentions["found"])
    assert set(mentions["sought"]) == {"email", "phone", "first_name+last_name"}


def test_a_member_of_the_social_network_takes_what_is_theirs(ruche: World) -> None:
    with closing(sqlite3.connect(ruche.source)) as source:
        source.row_factory = sqlite3.Row
        people = source.execute("SELECT * FROM members WHERE company_id = 3 ORDER BY id").fetchall()
        person = people[1]
        ours = "SELECT p.id FROM posts p WHERE p.company_id = 3"
        expected = {
            "members": [person["id"]],
            "posts": source.execute(f"{ours} AND author_id = ?", [person["id"]]),
            "comments": source.execute(
                f"SELECT id FROM comments WHERE author_id = ? AND post_id IN ({ours})", [person["id"]]
            ),
            "messages": source.execute(
                "SELECT id FROM messages WHERE ? IN (sender_id, recipient_id)"
                " AND sender_id IN (SELECT id FROM members WHERE company_id = 3)",
                [person["id"]],
            ),
            "files": source.execute("SELECT id FROM files WHERE uploaded_by = ?", [person["id"]]),
        }
        keys = {
            name: sorted(one if isinstance(one, int) else one[0] for one in rows) for name, rows in expected.items()
        }
    archive = Path(ruche.json("snapshot", ruche.plan, "--subject", f"members={person['id']}")["archive"])
    assert {name: sorted(int(row[0]) for row in master(archive, name)) for name in keys} == keys
    assert all(keys.values())
    everything = "".join(content for _, content in contents(archive))
    assert people[1]["password_hash"] and not any(row["password_hash"] in everything for row in people)
    others = {row["email"] for row in people} - {person["email"]}
    assert len(others) > 5 and person["email"] in everything
    assert [email for email in others if email in everything] == []


# ── columns that stay behind, and what leaves of others ─────────────────────────────────────────────────────
def test_a_secret_is_asked_about_and_withheld_from_everything(guarded: World) -> None:
    [asked] = guarded.json("snapshot", guarded.plan, "--subject", "people=1", code=3)["problems"]
    assert asked["where"] == "people.pin" and not guarded.archives()
    withholding(guarded, WITHHELD)
    taken = guarded.json("snapshot", guarded.plan, "--subject", "people=1")
    archive = Path(taken["archive"])
    assert guarded.json("archive", "check", archive)["verdict"] == "green"
    hidden = (PIN, "/ink", LARGE[:40])
    assert [name for name, content in contents(archive) if any(value in content for value in hidden)] == []
    assert not list((archive / "data" / "files").rglob("*"))  # the values too large for a cell
    assert master(archive, "letters") == [["1", "1", "hers to him"], ["4", "1", r"\N"]]
    assert {f"{one['table']}.{one['column']}": one["reason"] for one in taken["subject"]["withheld"]} == WITHHELD
    for document in ("portable/subject.json", "provenance/subject.json"):
        said = json.loads((archive / "data" / document).read_text(encoding="utf-8"))
        assert said["withheld"] == taken["subject"]["withheld"]
    page = read(archive / "data" / "portable" / "subject.html").text
    assert all(reason in page for reason in WITHHELD.values()) and "Columns that are withheld" in page


def test_no_sum_of_the_proof_lets_a_withheld_value_be_guessed(guarded: World) -> None:
    """A table without a key is summed row by row: with what is withheld, who tries all numbers would find it."""
    withholding(guarded, WITHHELD)
    proofs = []
    for page in ("/0000", "/9999"):
        with closing(sqlite3.connect(guarded.source_url.removeprefix("sqlite:///"))) as source:
            source.execute("UPDATE visits SET page = ? WHERE person_id = 1", [page])
            source.commit()
        proofs.append(guarded.json("snapshot", guarded.plan, "--subject", "people=1")["proof"]["edges"])
    assert proofs[0] == proofs[1] and any(edge["edge"].startswith("visits") for edge in proofs[0])


def test_what_leaves_of_other_people_is_said(guarded: World) -> None:
    withholding(guarded, {"people.pin": "it lets you in"})
    taken = guarded.json("snapshot", guarded.plan, "--subject", "people=1")
    expected = {("people.boss_id", 1, "key"), ("letters.recipient_id", 2, "key")}
    others = taken["subject"]["other_people"]
    assert {(one["named_by"], one["rows"], one["leaves"]) for one in others} == expected
    page = read(Path(taken["archive"]) / "data" / "portable" / "subject.html").text
    assert "Other people in your data" in page and "letters.recipient_id" in page


@pytest.mark.parametrize(("policy", "name"), [("stub", r"\N"), ("carry", "THEIRS-Ben")])
def test_rows_of_others_that_the_plan_lets_come_have_no_column_that_it_withholds(
    guarded: World, policy: str, name: str
) -> None:
    foreign = f"        foreign: {{letters.recipient_id: {policy}, people.town_id: key}}\n"
    withholding(guarded, {"people.pin": "it lets you in"}, foreign)
    taken = guarded.json("snapshot", guarded.plan, "--subject", "people=1")
    archive = Path(taken["archive"])
    people = {row[0]: row for row in master(archive, "people")}
    assert people.keys() == {"1", "2"} and people["2"][3] == name
    assert [name for name, content in contents(archive) if PIN in content] == []
    assert {"named_by": "people", "rows": 1, "leaves": policy} in taken["subject"]["other_people"]


# ── what a person gets to read ──────────────────────────────────────────────────────────────────────────────
def test_the_page_shows_hostile_values_and_executes_none(small: World) -> None:
    archive = Path(small.json("snapshot", small.plan, "--subject", "people=1")["archive"])
    page = read(archive / "data" / "portable" / "subject.html")
    assert not page.names & {"script", "img", "iframe", "object", "form", "link"}
    assert not {name for name in page.attributes if name.startswith("on")}
    assert HOSTILE in page.text and "vos données · your data" in page.text
    assert "rien n'y mène à la personne · nothing leads from it to the person" in page.text
    [large] = page.links - {"subject.json", "#beside"}
    assert (archive / "data" / "portable" / large).read_text(encoding="utf-8") == LARGE


def test_the_document_has_every_row_and_says_what_columns_are(small: World) -> None:
    archive = Path(small.json("snapshot", small.plan, "--subject", "people=1")["archive"])
    document = json.loads((archive / "data" / "portable" / "subject.json").read_text(encoding="utf-8"))
    tables = {table["name"]: table for table in document["tables"]}
    assert next(iter(tables)) == "people" and document["subject"] == {"table": "people", "key": {"id": "1"}}
    rows = {name: len(table["rows"]) for name, table in tables.items()}
    assert rows == {name: len(places) for name, places in HERS.items()}
    [her] = tables["people"]["rows"]
    assert (
        her["bio"] == HOSTILE and her["boss_id"] == "2" and {c["name"] for c in tables["people"]["columns"]} == set(her)
    )
    assert {"columns": ["buyer_id"], "table": "people", "to": ["id"]} in tables["orders"]["references"]
    assert {one["table"] for one in document["not_exported"]} == ROWS.keys() - HERS.keys()


# ── what it is not ──────────────────────────────────────────────────────────────────────────────────────────
def test_it_is_never_taken_for_the_tenant_s_archive(ruche: World) -> None:
    export = ruche.json("snapshot", ruche.plan, "--subject", "members=3")["archive"]
    refused = ruche.json("map", "check", ruche.plan, code=2)
    assert "no archive of tenant" in refused["error"]
    whole = ruche.json("snapshot", ruche.plan)["archive"]
    ruche.json("snapshot", ruche.plan, "--subject", "members=3")
    assert ruche.json("rehearse", ruche.plan)["verdict"] == "green"
    assert ruche.runs()[-1]["archive"] == whole
    named = ruche.json("rehearse", ruche.plan, "--archive", export, code=2)
    assert "about one person of members" in named["error"]
    assert "about one person" in ruche.json("restore", export, f"sqlite:///{ruche.folder / 'new.db'}", code=2)["error"]
    assert "about one person of members" in ruche.migrator("archive", "show", export).stdout


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("people=3", "is not a person of tenant 'ours'"),
        ("people=99", "is not a person of tenant 'ours'"),
        ("people=99999999999999999999", "is not a person of tenant 'ours'"),
        ("people.firm_id=1", "names 3 rows"),
        ("peeple=1", "no such person"),
        ("people.emial=x", "no such person"),
        ("visits=1", "no such person"),
        ("people", "no such person"),
    ],
)
def test_who_is_nobody_of_this_tenant_is_refused(small: World, said: str, what: str) -> None:
    refused = small.json("snapshot", small.plan, "--subject", said, code=2)
    assert what in refused["error"] and refused["next"] and not small.archives()


def test_what_no_key_can_be_is_nobody_on_every_server(world: World) -> None:
    refused = world.json("snapshot", world.plan, "--subject", "people=ada", code=2)
    assert "people=ada is not a person of tenant 'ours'" in refused["error"] and refused["where"] == "--subject"


def test_a_person_s_data_is_not_masked(small: World, tmp_path: Path) -> None:
    assert small.json("snapshot", small.plan, "--subject", "people=1", "--mask", tmp_path / "none", code=2)["error"]


# ── what nobody has decided ─────────────────────────────────────────────────────────────────────────────────
def test_a_doubt_is_asked_and_never_decided_in_somebody_s_favour(small: World) -> None:
    rewritten(small.plan, '        excluded: {contacts: "they are other people", stamps: "the firm\'s"}\n', "")
    asked = small.json("snapshot", small.plan, "--subject", "people=1", code=3)["problems"]
    assert {problem["where"] for problem in asked} == {"contacts", "stamps"} and not small.archives()


# ── tenants of other kinds ──────────────────────────────────────────────────────────────────────────────────
def test_who_belongs_to_two_tenants_gets_of_each_what_is_there(made: Made, tmp_path: Path) -> None:
    platform: Any = made("sqlite")
    platform.run(
        """
        CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE seats (
            user_id INTEGER NOT NULL REFERENCES users (id), firm_id INTEGER NOT NULL REFERENCES firms (id),
            PRIMARY KEY (user_id, firm_id));
        CREATE TABLE posts (
            id INTEGER PRIMARY KEY, firm_id INTEGER NOT NULL REFERENCES firms (id),
            author_id INTEGER NOT NULL REFERENCES users (id), body TEXT);
        INSERT INTO firms VALUES (1, 'Ours'), (2, 'THEIRS');
        INSERT INTO users VALUES (1, 'Ada'), (2, 'THEIRS');
        INSERT INTO seats VALUES (1, 1), (1, 2), (2, 1);
        INSERT INTO posts VALUES (1, 1, 1, 'here'), (2, 2, 1, 'THEIRS: there'), (3, 1, 2, 'THEIRS: his');
        """
    )
    world = planned(platform, tmp_path, "{table: firms, where: {id: 1}}\n    members: {users: [seats.user_id]}")
    archive = Path(world.json("snapshot", world.plan, "--subject", "users=1")["archive"])
    assert {name: master(archive, name) for name in ("users", "seats", "posts")} == {
        "users": [["1", "Ada"]],
        "seats": [["1", "1"]],
        "posts": [["1", "1", "1", "here"]],
    }
    assert [name for name, content in contents(archive) if OTHERS in content] == []


@pytest.mark.parametrize(
    ("kind", "type_", "theirs"), [("sqlite", "", "x'00'"), *((kind, "VARCHAR(20)", "'THEIRS'") for kind in KINDS[1:])]
)
def test_how_her_columns_are_held_is_decided_by_her_rows_alone(
    made: Made, tmp_path: Path, kind: str, type_: str, theirs: str
) -> None:
    """Where no key tells rows apart, rows of another tenant may lead to her, too, and hold other kinds of values."""
    platform: Any = made(kind)
    platform.run(
        f"""
        CREATE TABLE firms (id INTEGER PRIMARY KEY);
        CREATE TABLE people (id INTEGER PRIMARY KEY, firm_id INTEGER NOT NULL REFERENCES firms (id));
        CREATE TABLE teams (id INTEGER PRIMARY KEY, firm_id INTEGER NOT NULL REFERENCES firms (id));
        CREATE TABLE visits (
            person_id INTEGER NOT NULL REFERENCES people (id), firm_id INTEGER NOT NULL REFERENCES firms (id),
            team_id INTEGER REFERENCES teams (id), place {type_});
        INSERT INTO firms VALUES (1), (2);
        INSERT INTO people VALUES (1, 1);
        INSERT INTO teams VALUES (1, 1);
        INSERT INTO visits VALUES (1, 1, NULL, 'here'), (1, 1, 1, 'there'), (1, 2, NULL, {theirs});
        """
    )
    world = planned(platform, tmp_path, "{table: firms, where: {id: 1}}\n    paths: {visits: [firm_id]}")
    archive = Path(world.json("snapshot", world.plan, "--subject", "people=1")["archive"])
    assert sorted(row[3] for row in master(archive, "visits")) == ["here", "there"]
    document = json.loads((archive / "data" / "portable" / "subject.json").read_text(encoding="utf-8"))
    [visits] = [table for table in document["tables"] if table["name"] == "visits"]
    assert {column["name"]: column["type"] for column in visits["columns"]}["place"] == "text"


def test_of_a_tenant_with_a_schema_of_its_own_no_other_is_named(made: Made, tmp_path: Path) -> None:
    platform: Any = made("postgresql")
    for schema, name in (("ours", "Ada"), ("theirs", OTHERS)):
        platform.run(
            f"""
            CREATE SCHEMA {schema};
            CREATE TABLE {schema}.people (id INTEGER PRIMARY KEY, name TEXT);
            CREATE TABLE {schema}.notes (
                id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES {schema}.people (id), body TEXT);
            INSERT INTO {schema}.people VALUES (1, '{name}'), (2, '{OTHERS}');
            INSERT INTO {schema}.notes VALUES (1, 1, '{name}'), (2, 2, '{OTHERS}');
            """
        )
    world = planned(platform, tmp_path, "{schema: ours, others: [theirs]}")
    archive = Path(world.json("snapshot", world.plan, "--subject", "ours.people=1")["archive"])
    assert world.json("archive", "check", archive)["verdict"] == "green"
    assert [name for name, content in contents(archive) if OTHERS in content or "theirs" in content] == []
