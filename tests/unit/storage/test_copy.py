from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from storage.check import check_archive
from storage.copy import copy_archive
from storage.errors import Misuse, Red, TransientFault
from storage.local import LocalStore
from storage.memory import MemoryStore
from storage.objects import read_bytes, write_bytes
from storage.summary import list_archives

OLD = LocalStore(Path(__file__).parents[2] / "archives")
(ID,) = [summary.archive_id for summary in list_archives(OLD)][:1]


@pytest.fixture
def source() -> MemoryStore:
    """A store with one archive, to damage."""
    store = MemoryStore()
    copy_archive(OLD, ID, store)
    return store


def content(store: MemoryStore | LocalStore) -> dict[str, bytes]:
    return {info.key: read_bytes(store, info.key) for info in store.list(f"{ID}/")}


def test_a_copy_is_the_archive_byte_for_byte(tmp_path: Path) -> None:
    target = LocalStore(tmp_path)
    copied = copy_archive(OLD, ID, target)
    assert content(target) == content(OLD)
    assert (copied.archive_id, copied.location, copied.was_there) == (ID, f"{tmp_path}/{ID}", False)
    assert (copied.files, copied.bytes) == (len(content(OLD)), sum(map(len, content(OLD).values())))
    assert copied.rows > 0


def test_a_copy_that_is_there_is_checked_and_left(source: MemoryStore) -> None:
    assert copy_archive(OLD, ID, source).was_there
    damaged = next(info.key for info in source.list(f"{ID}/data/csv/"))
    write_bytes(source, damaged, b"damaged meanwhile")
    before = content(source)
    with pytest.raises(Red, match="the copy is not what the archive is: changed"):
        copy_archive(OLD, ID, source)
    assert content(source) == before


@pytest.mark.parametrize("folder", ["data/csv/", "data/parquet/", "README.txt", "signatures/", "manifest-sha256.txt"])
def test_of_a_damaged_archive_nothing_is_left_in_the_target(source: MemoryStore, folder: str) -> None:
    key = next(info.key for info in source.list(f"{ID}/{folder}"))
    write_bytes(source, key, read_bytes(source, key)[1:])
    target = MemoryStore()
    with pytest.raises(Red):
        copy_archive(source, ID, target)
    assert list(target.list()) == []


def test_what_nothing_vouches_for_is_not_copied(source: MemoryStore) -> None:
    for added in ("data/csv/more.csv", "signatures/more"):
        write_bytes(source, f"{ID}/{added}", b"")
        with pytest.raises(Red, match="added"):
            copy_archive(source, ID, MemoryStore())
        source.delete(f"{ID}/{added}")


def test_another_archive_of_the_same_id_is_not_touched(source: MemoryStore) -> None:
    target = MemoryStore()
    write_bytes(target, f"{ID}/tagmanifest-sha256.txt", b"another")
    with pytest.raises(Red, match="another archive has this id"):
        copy_archive(source, ID, target)
    assert content(target) == {f"{ID}/tagmanifest-sha256.txt": b"another"}


def test_what_a_killed_copy_left_is_written_again_and_anything_else_is_somebodys(source: MemoryStore) -> None:
    target = MemoryStore()
    write_bytes(target, f"{ID}/README.txt", b"ha")
    assert not copy_archive(source, ID, target).was_there
    assert check_archive(target, ID).is_green
    other = MemoryStore()
    write_bytes(other, f"{ID}/notes.txt", b"mine")
    with pytest.raises(Red, match="stands under its id"):
        copy_archive(source, ID, other)
    assert content(other) == {f"{ID}/notes.txt": b"mine"}


class Lost(MemoryStore):
    """A store at the end of a line that is down."""

    @contextmanager
    def reader(self, key: str) -> Iterator[IO[bytes]]:
        raise TransientFault("the connection to the server was lost")
        yield


def test_a_line_that_is_lost_while_an_archive_is_checked_is_no_finding_about_the_archive() -> None:
    store = Lost()
    for info in OLD.list(f"{ID}/"):
        write_bytes(store, info.key, read_bytes(OLD, info.key))
    with pytest.raises(TransientFault):
        check_archive(store, ID)
    with pytest.raises(TransientFault):
        copy_archive(OLD, ID, store)
    assert len(list(store.list())) == len(list(OLD.list(f"{ID}/")))


def test_what_is_no_archive_is_not_copied() -> None:
    with pytest.raises(Misuse, match="no complete archive"):
        copy_archive(MemoryStore(), ID, MemoryStore())
