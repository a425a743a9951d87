"""A catalog's database."""

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
