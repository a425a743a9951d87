"""A table as its archive has it, for tests of what it was; and the platforms it may come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.archive import Archive
from storage.local import LocalStore
from storage.names import is_path
from tests.conformance.platforms import Platform
from tests.fidelity.measure import archived

Rows = list[tuple[Any, ...]]


def held(platform: Platform, folder: Path) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    """Every table as its archive has it: name, columns and rows, the same from the twin and from the master."""
    store = LocalStore(folder / "archives")
    with platform.source().fence() as reading:
        sealed = archived(reading, reading.schema.table_names, store)
    archive = Archive.open(store, sealed.archive_id)
    assert all(is_path(one.path) for part in archive.tables for one in part.parts)
    for part in archive.tables:
        twin, master = (
            [tuple(row.values()) for batch in archive.scan(part.table.name, master=master) for row in batch.to_pylist()]
            for master in (False, True)
        )
        assert twin == master
        assert len(twin) == part.rows
        yield part.table.name, part.table.column_names, twin


def held_table(platform: Platform, folder: Path) -> Rows:
    """The rows of the only table there is."""
    ((_, _, rows),) = held(platform, folder)
    return rows
