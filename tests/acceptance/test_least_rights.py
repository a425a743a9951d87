"""A move by users who may do what the doctor's script grants, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.acceptance.world import World
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres
from tests.servers.process import LOOPBACK
from tests.support_postgres_target import guest_of
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
