"""Fixtures of the engine's tests."""

from pathlib import Path

import pytest

from tests.conformance.platforms import SqlitePlatform


@pytest.fixture
def platform(tmp_path: Path) -> SqlitePlatform:
    """An empty source."""
    return SqlitePlatform(tmp_path / "source.db")
