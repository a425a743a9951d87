"""Empty platforms of every kind; and each database measured, once a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform, SqlitePlatform
from tests.fidelity.databases import Measurement, of_mariadb, of_postgres, of_sqlite
from tests.fidelity.shapes import Made
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres


@pytest.fixture
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    """A server is started when the first platform of its kind is asked for."""

    def make(kind: str) -> Platform:
        if kind == "sqlite":
            return SqlitePlatform(tmp_path / f"{len(list(tmp_path.iterdir()))}.db")
        server: Any = request.getfixturevalue("postgres" if kind == "postgresql" else "mariadb")
        url = server.database()
        request.addfinalizer(lambda: server.drop(url))
        return PostgresPlatform(url) if kind == "postgresql" else MysqlPlatform(url)

    return make


@pytest.fixture(scope="session")
def in_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    return of_sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def in_postgres(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    return of_postgres(postgres, tmp_path_factory.mktemp("postgres"))


@pytest.fixture(scope="session")
def in_mariadb(mariadb: Mariadb, tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    return of_mariadb(mariadb, tmp_path_factory.mktemp("mariadb"))
