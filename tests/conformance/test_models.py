"""Every reading's model passes the suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.models import ModelContract
from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform, SqlitePlatform
from tests.conformance.platforms.firebird import FirebirdPlatform


class TestSqliteModel(ModelContract):
    @pytest.fixture
    def platform(self, tmp_path: Path) -> Platform:
        return SqlitePlatform(tmp_path / "source.db")


class TestPostgresModel(ModelContract):
    @pytest.fixture
    def platform(self, postgres_url: str) -> Platform:
        return PostgresPlatform(postgres_url)


class TestMysqlModel(ModelContract):
    @pytest.fixture
    def platform(self, mariadb_url: str) -> Platform:
        return MysqlPlatform(mariadb_url)


class TestSqlModel(ModelContract):
    """Any other SQL database, by the example of Firebird."""

    @pytest.fixture
    def platform(self, firebird_url: str) -> Platform:
        return FirebirdPlatform(firebird_url)
