"""Every platform that is restored to passes the suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform, SqlitePlatform
from tests.conformance.rebuildings import RebuildingContract
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres


class TestSqliteRebuilding(RebuildingContract):
    @pytest.fixture
    def platform(self, tmp_path: Path) -> Platform:
        return SqlitePlatform(tmp_path / "source.db")

    @pytest.fixture(params=["wal", "delete"])
    def empty(self, request: pytest.FixtureRequest, tmp_path: Path) -> Platform:
        return SqlitePlatform(tmp_path / "restored.db", journal_mode=request.param)


class TestPostgresRebuilding(RebuildingContract):
    @pytest.fixture
    def platform(self, postgres_url: str) -> Platform:
        return PostgresPlatform(postgres_url)

    @pytest.fixture
    def empty(self, postgres: Postgres) -> Iterator[Platform]:
        url = postgres.database()
        yield PostgresPlatform(url)
        postgres.drop(url)


class TestMysqlRebuilding(RebuildingContract):
    @pytest.fixture
    def platform(self, mariadb_url: str) -> Platform:
        return MysqlPlatform(mariadb_url)

    @pytest.fixture
    def empty(self, mariadb: Mariadb) -> Iterator[Platform]:
        url = mariadb.database()
        yield MysqlPlatform(url)
        mariadb.drop(url)
