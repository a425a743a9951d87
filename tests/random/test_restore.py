"""Out of a database, into an archive, back into another and out of that: nothing is otherwise at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.engine.restore import restore
from storage.archive import Archive, ArchivedTable
from storage.schema import Table
from tests.random.budget import tried
from tests.random.conftest import KINDS
from tests.random.databases.database import Database
from tests.random.schemas import Contents, filled, schemas
from tests.unit.engine.support import taken


@pytest.mark.parametrize("kind", KINDS)
def test_scan_archive_restore_scan_is_identity(kind: str, database_of: Callable[[str], Database]) -> None:
    source, target = database_of(kind), database_of(kind)

    @tried(6)
    @given(schemas(source.natives).flatmap(filled), st.booleans())
    def is_identity(contents: Contents, master: bool) -> None:
        source.create(tuple(contents))
        source.write(contents)
        _, archive = taken(source.platform, "root: database")
        target.clear()
        restored = restore(archive, target.platform.target(), target.platform.source, master=master)
        assert (restored.notes, restored.departures, restored.differences) == ((), (), ())
        for shape in contents:
            assert Counter(map(repr, target.read(shape))) == Counter(map(repr, source.read(shape)))
        _, again = taken(target.platform, "root: database")
        assert _said(again) == _said(archive)
        assert again.model() == archive.model()

    is_identity()


def _said(archive: Archive) -> dict[str, tuple[Table, int, str]]:
    return {one.table.name: _of(one) for one in archive.tables}


def _of(archived: ArchivedTable) -> tuple[Table, int, str]:
    """What the descriptor says; the archived DDL is documentation."""
    return replace(archived.table, ddl=None), archived.rows, archived.digest
