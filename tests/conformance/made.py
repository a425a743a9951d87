"""Empty platforms of every kind, as a fixture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform, SqlitePlatform

KINDS = ("sqlite", "postgresql", "mariadb")
Made = Callable[[str], Platform]


@pytest.fixture
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    """Empty platforms by their kind; a server is started when the first of its kind is asked for."""

    def make(kind: str) -> Platform:
        if kind == "sqlite":
            return SqlitePlatform(tmp_path / f"{len(list(tmp_path.iterdir()))}.db")
        return empty(request, kind)

    return make


def empty(request: pytest.FixtureRequest, kind: str) -> Platform:
    """An empty database of a server, for as long as whoever asks is there."""
    server: Any = request.getfixturevalue("postgres" if kind == "postgresql" else "mariadb")
    url = server.database()
    request.addfinalizer(lambda: server.drop(url))
    return PostgresPlatform(url) if kind == "postgresql" else MysqlPlatform(url)
