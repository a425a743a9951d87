"""A move by users who may do what the doctor's script grants, or the guide, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.acceptance.world import ROOT, World
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres
from tests.servers.process import LOOPBACK
from tests.support_postgres_target import administered, guest_of
from tests.support_transplant import transplant


def test_what_the_doctor_s_scripts_grant_is_enough(
    postgres: Postgres, postgres_url: str, mariadb: Mariadb, mariadb_url: str, right_office: World, tmp_path: Path
) -> None:
    transplant(right_office.source, PostgresPlatform(postgres_url))
    transplant(right_office.target, MysqlPlatform(mariadb_url))
    database = urlsplit(mariadb_url).path[1:]
    loader = f"loader_of_{database}"
    mariadb.admin(f"CREATE USER {loader}@'{LOOPBACK}' IDENTIFIED BY 'load'")
    mariadb.admin(f"GRANT SELECT ON `{database}`.* TO {loader}@'{LOOPBACK}'")  # else it is not even let in
    with guest_of(postgres, postgres_url) as reader:
        world = replace(
            right_office.copied(tmp_path), source_url=reader, target_url=mariadb.url(loader, database, "load")
        )
        grants = world.json("doctor", world.plan, code=3)["grants"]
        PostgresPlatform(postgres_url).run(grants["source"])
        mariadb.admin(grants["target"])
        assert world.json("doctor", world.plan)["verdict"] == "green"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):  # what the plan excludes is nobody's to read
            PostgresPlatform(reader).rows("SELECT * FROM settings")
        assert world.json("snapshot", world.plan)["rows"] == 5
        run = world.json("migrate", world.plan)["run"]
        assert world.json("rollback", run)["verdict"] == "green"
    mariadb.admin(f"DROP USER {loader}@'{LOOPBACK}'")


GUIDE = (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8")
USERS = dict(re.findall(r"^```sql (\w+ \w+)\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize(("source", "target"), [("postgresql", "mariadb"), ("mariadb", "postgresql")])
def test_what_the_guide_grants_is_enough(
    postgres: Postgres, mariadb: Mariadb, right_office: World, tmp_path: Path, source: str, target: str
) -> None:
    made = {"postgresql": _made_in_postgres, "mariadb": _made_in_mariadb}
    servers: dict[str, Any] = {"postgresql": postgres, "mariadb": mariadb}
    source_url = made[source](servers[source], right_office.source, USERS[f"{source} source"])
    target_url = made[target](servers[target], right_office.target, USERS[f"{target} target"])
    world = replace(right_office.copied(tmp_path), source_url=source_url, target_url=target_url)
    found = world.json("doctor", world.plan)
    assert {one["verdict"] for one in found["findings"] if one["what"] == "grants"} == {"ok"}


def _made_in_postgres(server: Postgres, rows: Path, users: str) -> str:
    """A database like that file, and the address of the guide's user in it."""
    url = server.database()
    transplant(rows, PostgresPlatform(url))
    database = urlsplit(url).path[1:]
    user = f"{_user(users)}_{database}"
    administered(server, url, _ours(users, database, user))
    return server.url(user, database, "guide")


def _made_in_mariadb(server: Mariadb, rows: Path, users: str) -> str:
    url = server.database()
    transplant(rows, MysqlPlatform(url))
    database = urlsplit(url).path[1:]
    user = f"{_user(users)}_{database}"
    for statement in _ours(users, database, user).splitlines():
        server.admin(statement)
    return server.url(user, database, "guide")


def _user(users: str) -> str:
    return "migrator_reader" if "migrator_reader" in users else "migrator_loader"


def _ours(users: str, database: str, user: str) -> str:
    """The guide's statements for a database and a user of the test's own."""
    for old, new in (
        (_user(users), user),
        ("DATABASE app", f"DATABASE {database}"),
        ("`app`", f"`{database}`"),
        ("…", "guide"),
    ):
        users = users.replace(old, new)
    return users
