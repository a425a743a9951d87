"""What an archive's list of parts says of it, and what is left when it goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from storage.begun import LIST, Begun, Finished, PartList, can_stand, lists_of
from storage.errors import Red
from storage.local import LocalStore
from storage.memory import MemoryStore
from storage.objects import read_bytes, write_bytes
from storage.package import TablePart
from storage.schema import Column, Held, Table
from storage.writer import ArchiveWriter
from tests.support_archive import INTEGER, TEXT, identity, rows_of, signing_keys

SIMPLE = Table(name="t", columns=(Column(name="x", type=TEXT), Column(name="n", type=INTEGER)))


def begun(run: str = "run-1", attempt: int = 1) -> Begun:
    return Begun(run=run, attempt=attempt, began=1, identity=identity(), scope="s", handle="h")


def left(store: MemoryStore, about: Begun) -> TablePart:
    """A table that a writer finished before it was stopped, and the half of another."""
    with ArchiveWriter(store, about.identity, signing_keys(), stays=lambda _error: True) as writer:
        part = writer.table(SIMPLE, [rows_of(SIMPLE, ("a", 1), ("b", None))])
        writer.table(replace(SIMPLE, name="half"), [rows_of(SIMPLE, ("c", 2))])
        writer.document("reports/inventory.json", b"{}")
    return part


def test_a_list_says_again_what_it_was_told() -> None:
    store, about = MemoryStore(), begun()
    part = left(store, about)
    parts = PartList(store, about.identity.archive_id)
    parts.begin(about)
    parts.add(Finished(part=part, said="[]"))
    parts.result("all of it")
    (found,) = lists_of(store, "run-1")
    assert (found.begun(), found.told()) == (about, "all of it")
    assert list(found.finished()) == [Finished(part=part, said="[]")]
    assert list(lists_of(store, "run-2")) == []


def test_nobody_goes_on_with_what_cannot_be_read() -> None:
    store, about = MemoryStore(), begun()
    parts = PartList(store, about.identity.archive_id)
    parts.begin(about)
    write_bytes(store, f"{parts.archive_id}{LIST}/tables/t.json", b'{"part": 1')
    write_bytes(store, f"{parts.archive_id}{LIST}/begun.json", b"{}")
    assert (parts.begun(), list(parts.finished()), parts.told()) == (None, [], None)


def test_erasing_all_leaves_nothing_of_a_half_and_all_of_an_archive() -> None:
    store, about = MemoryStore(), begun()
    parts = PartList(store, about.identity.archive_id)
    parts.begin(about)
    left(store, about)
    parts.erase_all()
    assert list(store.list()) == []
    with ArchiveWriter(store, about.identity, signing_keys()) as writer:
        writer.commit()
    archive = list(store.list())
    parts.begin(about)
    parts.erase_all()
    assert list(store.list()) == archive


@pytest.mark.parametrize("killed_at", ["", LIST])
def test_erasing_all_takes_what_a_killed_writer_was_writing(tmp_path: Path, killed_at: str) -> None:
    store, about = LocalStore(tmp_path), begun()
    parts = PartList(store, about.identity.archive_id)
    parts.begin(about)
    (tmp_path / ".unfinished").mkdir()
    (tmp_path / ".unfinished" / f"{parts.archive_id}{killed_at}.abc").write_bytes(b"half")
    parts.erase_all()
    assert list(tmp_path.iterdir()) == []


def test_a_writer_takes_over_what_stands_and_nothing_else() -> None:
    store, about = MemoryStore(), begun()
    part = left(store, about)
    with ArchiveWriter(store, about.identity, signing_keys(), standing=[part]) as writer:
        kept = {info.key.partition("/data/")[2] for info in store.list()}
        assert kept == {one.path for one in part.parts}
        rows = [tuple(row.values()) for batch in writer.again(part) for row in batch.to_pylist()]
        assert rows == [("a", 1), ("b", None)]
        sealed = writer.commit()
    assert sealed.tables == (part,)


@pytest.mark.parametrize("which", ["csv", "parquet"])
def test_what_is_not_as_it_was_finished_is_taken_over_by_nobody(which: str) -> None:
    store, about = MemoryStore(), begun()
    part = left(store, about)
    (one,) = getattr(part, which)
    key = f"{about.identity.archive_id}/data/{one.path}"
    write_bytes(store, key, read_bytes(store, key).replace(b"a", b"z"))
    with ArchiveWriter(store, about.identity, signing_keys(), standing=[part]) as writer:
        with pytest.raises(Red, match="changed"):
            list(writer.again(part))
        assert list(store.list()) == []
        assert writer.table(SIMPLE, [rows_of(SIMPLE, ("a", 1), ("b", None))]) == part


def test_what_lies_elsewhere_or_has_no_columns_does_not_stand() -> None:
    elsewhere = replace(SIMPLE, columns=(replace(SIMPLE.columns[0], held=Held.FILES),))
    assert [can_stand(table) for table in (SIMPLE, elsewhere, replace(SIMPLE, columns=()))] == [True, False, False]
