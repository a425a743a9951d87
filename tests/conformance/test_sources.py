"""Every source passes the suite, in each way it takes a fence."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.contracts import ReadLimits
from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform, SqlitePlatform
from tests.conformance.platforms.firebird import FirebirdPlatform
from tests.conformance.sources import SourceContract
from tests.servers.mariadb import Mariadb


class TestSqliteSource(SourceContract):
    @pytest.fixture(params=["wal", "delete"])
    def platform(self, request: pytest.FixtureRequest, tmp_path: Path) -> Platform:
        return SqlitePlatform(tmp_path / "source.db", journal_mode=request.param)


class TestPostgresSource(SourceContract):
    @pytest.fixture(params=[1, 3], ids=["one reader", "three readers"])
    def platform(self, request: pytest.FixtureRequest, postgres_url: str) -> Platform:
        return PostgresPlatform(postgres_url, ReadLimits(max_connections=request.param))


class TestMysqlSource(SourceContract):
    @pytest.fixture(params=["one reader", "three readers"])
    def platform(self, request: pytest.FixtureRequest, mariadb: Mariadb, mariadb_url: str) -> Platform:
        if request.param == "one reader":
            return MysqlPlatform(mariadb_url)
        mariadb.grant(mariadb_url, "RELOAD")
        return MysqlPlatform(mariadb_url, ReadLimits(max_connections=3, allow_brief_lock=True))


class TestSqlSource(SourceContract):
    """Any other SQL database, by the example of Firebird."""

    @pytest.fixture
    def platform(self, firebird_url: str) -> Platform:
        return FirebirdPlatform(firebird_url)
