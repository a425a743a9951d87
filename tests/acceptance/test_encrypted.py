"""Servers that take only encrypted connections, certified by an authority of the house's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import certifi
import pytest

from tests.acceptance.world import World
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.servers import mariadb, postgres
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres
from tests.support_transplant import transplant

Address = Callable[[str], str]  # by the path of the file that holds the authority


@pytest.fixture(scope="module")
def encrypted_postgres() -> Iterator[Postgres]:
    with postgres.running(is_encrypted=True) as server:
        yield server


@pytest.fixture(scope="module")
def encrypted_mariadb() -> Iterator[Mariadb]:
    with mariadb.running(is_encrypted=True) as server:
        yield server


@pytest.fixture(scope="module")
def from_postgres(encrypted_postgres: Postgres, right_office: World) -> Address:
    url = encrypted_postgres.database()
    transplant(right_office.source, PostgresPlatform(url))
    return lambda authority: f"{url}?sslmode=verify-full&sslrootcert={authority}"


@pytest.fixture(scope="module")
def to_mariadb(encrypted_mariadb: Mariadb, right_office: World) -> Address:
    url = encrypted_mariadb.database()
    transplant(right_office.target, MysqlPlatform(url))
    return lambda authority: f"{url}?ssl_ca={authority}"


def test_the_story_between_them(
    encrypted_postgres: Postgres,
    encrypted_mariadb: Mariadb,
    from_postgres: Address,
    to_mariadb: Address,
    right_office: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = str(encrypted_postgres.authority)
    catalog = encrypted_postgres.database()
    monkeypatch.setenv("MIGRATOR_CATALOG", f"{catalog}?sslmode=verify-full&sslrootcert={authority}")
    target_url = to_mariadb(str(encrypted_mariadb.authority))
    world = replace(right_office.copied(tmp_path), source_url=from_postgres(authority), target_url=target_url)
    assert world.json("snapshot", world.plan)["rows"] == 5
    run = world.json("migrate", world.plan)["run"]
    assert world.json("verify", run)["verdict"] == "green"
    assert world.json("rollback", run)["verdict"] == "green"


@pytest.mark.parametrize("authority", [certifi.where(), "/nowhere.pem", __file__], ids=["another", "absent", "none"])
@pytest.mark.parametrize("address", ["from_postgres", "to_mariadb"])
def test_who_is_not_certified_is_not_talked_to(
    request: pytest.FixtureRequest, address: str, authority: str, right_office: World
) -> None:
    refused = right_office.json("inspect", request.getfixturevalue(address)(authority), code=2)
    assert "ssl" in refused["next"], refused
    assert refused["where"].partition("@")[2].startswith("127.0.0.1:")


def test_a_certificate_is_not_checked_by_halves(to_mariadb: Address, right_office: World) -> None:
    url = to_mariadb("x").replace("ssl_ca=x", "ssl_verify_identity=true")
    assert "ssl_ca" in right_office.json("inspect", url, code=2)["next"]
