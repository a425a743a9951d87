"""Every target passes the suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform, SqlitePlatform
from tests.conformance.targets import TargetContract


class TestSqliteTarget(TargetContract):
    claims_by_table = False

    @pytest.fixture(params=["wal", "delete"])
    def platform(self, request: pytest.FixtureRequest, tmp_path: Path) -> Platform:
        return SqlitePlatform(tmp_path / "target.db", journal_mode=request.param)


class TestPostgresTarget(TargetContract):
    @pytest.fixture
    def platform(self, postgres_url: str) -> Platform:
        return PostgresPlatform(postgres_url)


class TestMysqlTarget(TargetContract):
    @pytest.fixture
    def platform(self, mariadb_url: str) -> Platform:
        return MysqlPlatform(mariadb_url)
