"""A role that may not read everything is red, and running the script the doctor prints makes it green."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from mappings.load import load_mapping
from migrator.contracts import FIRE, Triggers
from migrator.engine.doctor.platforms import look_at_target
from migrator.platforms.postgres.target import PostgresTarget
from tests.acceptance.world import World
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres
from tests.support_postgres_target import guest_of

SECRET = "geh/eim#1"  # noqa: S105 - of a server that lives as long as the test
PLAN = """\
plan: leaving
tenant: ours
source:
  url: ${SOURCE_URL}
  scope: {root: database}
"""
SCRIPT = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name {text});
CREATE TABLE "Secret Notes" (id INTEGER PRIMARY KEY, note {text});
INSERT INTO people VALUES (1, 'Ada'), (2, 'Ben');
"""


def diagnosis(folder: Path, url: str, monkeypatch: pytest.MonkeyPatch, *, code: int) -> dict[str, Any]:
    """The doctor's answer about a plan of this source; the password is nowhere in it."""
    world = World.at(folder, source="unused", target="unused")
    world.plan.write_text(PLAN, encoding="utf-8")
    monkeypatch.setattr(World, "environment", world.environment | {"SOURCE_URL": url})
    answer = world.migrator("doctor", world.plan, "--json")
    assert answer.code == code, answer
    assert SECRET not in answer.stdout and "geh%2Feim" not in answer.stdout
    return answer.json


def of(found: dict[str, Any], what: str) -> list[tuple[str, str]]:
    return [
        (one["verdict"], one["found"]) for one in found["findings"] if (one["part"], one["what"]) == ("source", what)
    ]


def as_reader(url: str, user: str) -> str:
    """The same database, as another user."""
    address = urlsplit(url)
    return address._replace(netloc=f"{user}:geh%2Feim%231@{address.hostname}:{address.port}").geturl()


@pytest.fixture
def postgres_reader(postgres: Postgres, postgres_url: str) -> Iterator[str]:
    """A role that may read one of two tables."""
    PostgresPlatform(postgres_url).run(SCRIPT)
    database = urlsplit(postgres_url).path[1:]
    role = sql.Identifier(f"{database}_reader")
    postgres.admin(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(SECRET)))
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute(sql.SQL("GRANT SELECT ON people TO {}").format(role))
    yield as_reader(postgres_url, f"{database}_reader")
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(role))
    postgres.admin(sql.SQL("DROP ROLE {}").format(role))


def test_postgresql(postgres_url: str, postgres_reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = diagnosis(tmp_path, postgres_reader, monkeypatch, code=3)
    assert ("red", "the user lacks SELECT") in of(found, "grants")
    assert of(found, "clock")[0][0] == "ok" and "PostgreSQL 1" in of(found, "version")[0][1]
    script = found["grants"]["source"]
    assert "people" not in script  # exactly what is lacking
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute(script.encode())
    found = diagnosis(tmp_path, postgres_reader, monkeypatch, code=0)
    assert found["verdict"] == "green" and not found["estimates"]["at_most"]


@pytest.fixture
def mariadb_reader(mariadb: Mariadb, mariadb_url: str) -> Iterator[str]:
    """A user that may read one of two tables."""
    MysqlPlatform(mariadb_url).run(SCRIPT)
    database = urlsplit(mariadb_url).path[1:]
    account = f"`{database}_reader`@'127.0.0.1'"
    mariadb.admin(
        f"CREATE USER {account} IDENTIFIED BY '{SECRET}'", f"GRANT SELECT ON `{database}`.people TO {account}"
    )
    yield as_reader(mariadb_url, f"{database}_reader")
    mariadb.admin(f"DROP USER {account}")


def test_mariadb(mariadb: Mariadb, mariadb_reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = diagnosis(tmp_path, mariadb_reader, monkeypatch, code=3)
    [(verdict, said), _] = of(found, "grants")  # the server does not even say that there is another table
    assert verdict == "red" and "table by table" in said
    assert of(found, "clock")[0][0] == "ok" and "10." in of(found, "version")[0][1]
    mariadb.admin(*(line for line in found["grants"]["source"].split(";\n") if line.strip()))
    found = diagnosis(tmp_path, mariadb_reader, monkeypatch, code=0)
    assert found["verdict"] == "green" and not found["estimates"]["at_most"]


def test_a_server_that_does_not_answer_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("postgresql", "mysql"):
        url = f"{scheme}://someone:geh%2Feim%231@127.0.0.1:9/nothing"
        found = diagnosis(tmp_path / scheme, url, monkeypatch, code=1)
        assert of(found, "reached")[0][0] == "red" and found["estimates"]["rows"] is None


def test_a_wrong_password_is_a_wrong_address(
    postgres_reader: str, mariadb_reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, url in enumerate((postgres_reader, mariadb_reader)):
        wrong = url.replace("geh%2Feim%231", "geh%2Feim%232")
        found = diagnosis(tmp_path / str(number), wrong, monkeypatch, code=2)
        assert of(found, "reached")[0][0] == "red"


def test_what_triggers_write_is_looked_at_as_what_a_load_fills(postgres: Postgres, postgres_url: str) -> None:
    PostgresPlatform(postgres_url).run(
        "CREATE TABLE notes (id int PRIMARY KEY); CREATE TABLE log (id int PRIMARY KEY);"
    )
    mapping = load_mapping(
        "mapping: m\nversion: 1\ntables: {notes: {edges: [{from: notes, columns: {id: id}}]}}", file="mapping.yaml"
    )
    fire = Triggers(mode=FIRE, writes=("log", "lost"))
    with guest_of(postgres, postgres_url) as url:
        findings, seen = look_at_target(PostgresTarget(url), mapping, fire, lambda: datetime.now(UTC))
    assert [finding.where for finding in findings if finding.what == "table"] == ["lost"]
    assert "notes" in seen.grants and "log" in seen.grants
