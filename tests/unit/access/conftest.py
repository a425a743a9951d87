"""A catalog's database, on both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from migrator.runs.database import Database, open_database
from migrator.runs.upgrade import bring_to_head


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(open_database(f"sqlite:///{tmp_path / 'catalog.db'}")) as database:
        bring_to_head(database)
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Where what two do at once matters."""
    if request.param == "sqlite":
        yield request.getfixturevalue("database")
        return
    with closing(open_database(request.getfixturevalue("postgres_url"))) as database:
        bring_to_head(database)
        yield database
