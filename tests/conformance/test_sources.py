"""Every source passes the suite; SQLite's in each way it takes a fence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.platforms import Platform, SqlitePlatform
from tests.conformance.sources import SourceContract


class TestSqliteSource(SourceContract):
    @pytest.fixture(params=["wal", "delete"])
    def platform(self, request: pytest.FixtureRequest, tmp_path: Path) -> Platform:
        return SqlitePlatform(tmp_path / "source.db", journal_mode=request.param)
