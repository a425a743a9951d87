"""Whatever a database holds, its archive holds: in either form, every value is what a plain client says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given

from storage.archive import Archive
from storage.check import check_archive
from storage.memory import MemoryStore
from tests.random.budget import tried
from tests.random.conftest import KINDS
from tests.random.databases.database import Database
from tests.random.meaning import archived, said
from tests.random.schemas import Contents, filled, schemas
from tests.random.shape import Row, Shape
from tests.unit.engine.support import taken


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_holds_what_plain_clients_read(kind: str, database_of: Callable[[str], Database]) -> None:
    database = database_of(kind)

    @tried(12)
    @given(schemas(database.natives).flatmap(filled))
    def holds(contents: Contents) -> None:
        database.create(tuple(contents))
        database.write(contents)
        store = MemoryStore()
        _, archive = taken(database.platform, "root: database", store)
        assert check_archive(store, archive.identity.archive_id).problems == ()
        for shape in contents:
            plain = database.read(shape)
            assert len(plain) == len(contents[shape])
            for master in (False, True):
                assert _held(archive, shape, master=master) == _plainly(archive, shape, plain)

    holds()


def _held(archive: Archive, shape: Shape, *, master: bool) -> Counter[str]:
    columns = archive.table(shape.name).table.columns
    return Counter(
        repr([archived(value, column.type) for value, column in zip(row.values(), columns, strict=True)])
        for batch in archive.scan(shape.name, master=master)
        for row in batch.to_pylist()
    )


def _plainly(archive: Archive, shape: Shape, rows: list[Row]) -> Counter[str]:
    columns = archive.table(shape.name).table.columns
    return Counter(repr([said(value, column.type) for value, column in zip(row, columns, strict=True)]) for row in rows)
