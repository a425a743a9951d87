"""The contract of an object store. Every store, and every wrapper of one, passes this suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import pytest

from storage.errors import AlreadyExists, Misuse, TransientFault
from storage.local import LocalStore
from storage.memory import MemoryStore
from storage.objects import ObjectInfo, ObjectStore, Sink, read_bytes, write_bytes
from storage.retry import Retries, RetryStore
from tests.servers.bucket import Bucket


class FlakyStore(MemoryStore):
    """Fails the first of every two calls; a write also after the object was made, and a listing half-way."""

    def __init__(self) -> None:
        super().__init__()
        self._calls = 0

    def _fail_every_other(self) -> None:
        self._calls += 1
        if self._calls % 2:
            raise TransientFault("the line is noisy")

    @contextmanager
    def writer(self, key: str, *, exclusive: bool = False) -> Iterator[Sink]:
        with super().writer(key, exclusive=exclusive) as sink:
            yield sink
        self._fail_every_other()

    @contextmanager
    def reader(self, key: str) -> Iterator[IO[bytes]]:
        with super().reader(key) as stream:
            self._fail_every_other()
            yield stream

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for number, info in enumerate(super().list(prefix)):
            if number == 1:
                self._fail_every_other()
            yield info

    def size(self, key: str) -> int | None:
        self._fail_every_other()
        return super().size(key)

    def delete(self, key: str) -> None:
        self._fail_every_other()
        super().delete(key)


class LocalStoreWithoutHardLinks(LocalStore):
    """A folder on a file system that has none (exFAT, some network shares)."""

    def _place_once(self, temporary: Path, target: Path) -> None:
        self._claim_and_rename(temporary, target)


STORES: dict[str, Callable[[Path], ObjectStore]] = {
    "memory": lambda _path: MemoryStore(),
    "local": lambda path: LocalStore(path / "store"),
    "local without hard links": lambda path: LocalStoreWithoutHardLinks(path / "store"),
    "retry": lambda _path: RetryStore(FlakyStore(), Retries(sleep=lambda _seconds: None)),
}


@pytest.fixture(params=[*STORES, "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "s3":
        bucket: Bucket = request.getfixturevalue("bucket")
        return bucket.store("pre fix/of é%+")
    return STORES[request.param](tmp_path)


def test_what_is_written_is_read(store: ObjectStore) -> None:
    with store.writer("a/b.bin") as sink:
        sink.write(b"one ")
        sink.write(b"two")
    assert read_bytes(store, "a/b.bin") == b"one two"
    assert store.size("a/b.bin") == 7


def test_an_object_appears_whole_or_not_at_all(store: ObjectStore) -> None:
    with pytest.raises(ZeroDivisionError), store.writer("a/b") as sink:
        sink.write(b"half")
        assert store.size("a/b") is None
        raise ZeroDivisionError
    assert store.size("a/b") is None
    assert list(store.list()) == []


def test_a_failed_replacement_leaves_the_old_object(store: ObjectStore) -> None:
    write_bytes(store, "a", b"old")
    with pytest.raises(ZeroDivisionError), store.writer("a") as sink:
        sink.write(b"new")
        raise ZeroDivisionError
    assert read_bytes(store, "a") == b"old"
    write_bytes(store, "a", b"new")
    assert read_bytes(store, "a") == b"new"


def test_exclusive_is_written_once(store: ObjectStore) -> None:
    write_bytes(store, "a", b"first", exclusive=True)
    with pytest.raises(AlreadyExists):
        write_bytes(store, "a", b"second", exclusive=True)
    assert read_bytes(store, "a") == b"first"


def test_of_many_exclusive_writers_one_wins(store: ObjectStore) -> None:
    def write(number: int) -> int | None:
        try:
            write_bytes(store, "dir/a", str(number).encode(), exclusive=True)
        except AlreadyExists:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        winners = [number for number in pool.map(write, range(16)) if number is not None]
    assert [str(number).encode() for number in winners] == [read_bytes(store, "dir/a")]


def test_listing_is_sorted_by_whole_keys_and_filtered_by_prefix(store: ObjectStore) -> None:
    keys = ["a-b/x", "a/b", "a/b-c", "a/b.d/e", "a.txt", "b"]
    for key in keys:
        write_bytes(store, key, b"12")
    assert [info.key for info in store.list()] == sorted(keys)
    assert [info.key for info in store.list("a/b")] == ["a/b", "a/b-c", "a/b.d/e"]
    assert [info.key for info in store.list("a/")] == ["a/b", "a/b-c", "a/b.d/e"]
    assert list(store.list("nothing/here")) == []
    assert {info.size for info in store.list()} == {2}


@pytest.mark.parametrize(
    "key", ["a b/c+d%20é/ü~x?y=&z", "a%2Fb", "x/*'()!$,;:@#[]", "漢字/🙂", " /+", "é/e\u0301", "tab\t"]
)
def test_a_key_is_kept_as_it_is(store: ObjectStore, key: str) -> None:
    write_bytes(store, key, key.encode())
    write_bytes(store, f"{key}.other", b"")
    assert (read_bytes(store, key), store.size(key)) == (key.encode(), len(key.encode()))
    assert [info.key for info in store.list(key)] == [key, f"{key}.other"]
    store.delete(key)
    assert [info.key for info in store.list()] == [f"{key}.other"]


def test_folders_are_the_first_names_of_keys(store: ObjectStore) -> None:
    for key in ("b/1", "a-b/x/y", "a/b/c", "a/z", "top", "é +/1"):
        write_bytes(store, key, b"")
    assert list(store.folders()) == ["a", "a-b", "b", "é +"]
    assert list(store.folders("a")) == ["a", "a-b"]
    assert list(store.folders("nothing")) == []


def test_an_object_says_when_it_appeared(store: ObjectStore) -> None:
    write_bytes(store, "a", b"")
    (info,) = store.list()
    assert abs(datetime.now(UTC) - info.modified) < timedelta(minutes=1)


def test_a_store_that_keeps_its_promises_has_nothing_to_note(store: ObjectStore) -> None:
    write_bytes(store, "a", b"", exclusive=True)
    assert store.notes() == ()
    assert [info.key for info in store.list()] == ["a"]


@pytest.mark.parametrize("size", [0, 1, (16 << 20) - 1, 16 << 20, (16 << 20) + 1])
def test_an_object_of_any_size_comes_back(store: ObjectStore, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    with store.writer("a") as sink:
        for start in range(0, size, 5_000_000):
            sink.write(content[start : start + 5_000_000])
    assert store.size("a") == size
    with store.reader("a") as stream:
        assert stream.read(3) == content[:3]
        assert stream.read() == content[3:]


def test_what_is_not_there(store: ObjectStore) -> None:
    assert store.size("nowhere/a") is None
    store.delete("nowhere/a")
    with pytest.raises(Misuse, match="no such object"), store.reader("nowhere/a"):
        pass


def test_deleted_is_gone_and_can_be_written_again(store: ObjectStore) -> None:
    write_bytes(store, "a/b", b"1")
    store.delete("a/b")
    assert store.size("a/b") is None
    assert list(store.list()) == []
    write_bytes(store, "a/b", b"2", exclusive=True)
    assert read_bytes(store, "a/b") == b"2"


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../a", "a/../../b", "a//b", "a/.", "a\\b", "a\0b", "a/"])
def test_keys_that_could_leave_the_store_are_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(Misuse, match="not an object key"):
        write_bytes(store, key, b"")
    with pytest.raises(Misuse, match="not an object key"), store.reader(key):
        pass
