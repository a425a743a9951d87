"""Empty platforms of every kind; and each database measured, once a session."""

from __future__ import annotations

import pytest

from tests.fidelity.databases import Measurement, of_mariadb, of_postgres, of_sqlite
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres


@pytest.fixture(scope="session")
def in_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    return of_sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def in_postgres(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    return of_postgres(postgres, tmp_path_factory.mktemp("postgres"))


@pytest.fixture(scope="session")
def in_mariadb(mariadb: Mariadb, tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    return of_mariadb(mariadb, tmp_path_factory.mktemp("mariadb"))
