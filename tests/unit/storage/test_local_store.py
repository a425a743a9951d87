from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from storage.errors import Fault, Misuse, Red
from storage.local import LocalStore
from storage.objects import read_bytes, write_bytes
from storage.summary import list_archives


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def test_a_link_is_listed_and_never_followed(store: LocalStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    write_bytes(store, "a/b", b"")
    (store.root / "a" / "file").symlink_to(outside / "secret")
    (store.root / "a" / "folder").symlink_to(outside)
    assert [info.key for info in store.list("a/")] == ["a/b", "a/file", "a/folder"]
    for key in ("a/file", "a/folder/secret"):
        with pytest.raises(Red, match="symbolic link"):
            read_bytes(store, key)
    with pytest.raises(Red, match="symbolic link"):
        write_bytes(store, "a/folder/new", b"")
    with pytest.raises(Red, match="symbolic link"):
        store.delete("a/folder/secret")
    assert [path.name for path in outside.iterdir()] == ["secret"]


@pytest.mark.parametrize(("code", "what"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "permission denied")])
def test_a_failing_disk_is_a_fault_with_path_and_advice(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, code: int, what: str
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(Fault, match=what) as failure:
        write_bytes(store, "a/b", b"1")
    assert failure.value.where == str(store.root / "a" / "b")
    assert "another place" in failure.value.next
    assert list(store.list()) == []


def test_folders_made_for_an_object_are_synced_with_it(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("storage.local._fsync_folder", synced.append)
    write_bytes(store, "a/b/c", b"1")
    assert synced == [store.root / "a/b", store.root / "a", store.root]
    write_bytes(store, "a/b/d", b"1")
    assert synced[3:] == [store.root / "a/b"]


def test_a_file_where_the_store_should_be(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(Fault, match="file") as failure:
        write_bytes(LocalStore(tmp_path / "store"), "a", b"")
    assert str(tmp_path / "store") in failure.value.where


def test_an_unfinished_object_of_a_killed_writer_is_no_object(store: LocalStore) -> None:
    write_bytes(store, "a", b"1")
    (store.root / ".unfinished").mkdir()
    (store.root / ".unfinished" / "tmpx").write_bytes(b"half")
    assert [info.key for info in store.list()] == ["a"]
    with pytest.raises(Misuse, match="reserved"):
        store.size(".unfinished/tmpx")


def test_the_folder_a_killed_writer_left_empty_goes_with_the_next_object(store: LocalStore) -> None:
    write_bytes(store, "a", b"1")
    (store.root / ".unfinished").mkdir()
    store.delete("a")
    assert list(store.root.iterdir()) == []


def test_a_tenants_data_is_private_on_the_machine(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "new")
    write_bytes(store, "a/b", b"secret")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "a" / "b").stat().st_mode & 0o777 == 0o600


def test_a_folder_of_others_whose_name_no_object_can_have_hides_no_archive(tmp_path: Path) -> None:
    (tmp_path / "backups\\2024").mkdir()
    assert list(list_archives(LocalStore(tmp_path))) == []


def test_nothing_but_the_objects_stays_behind(store: LocalStore) -> None:
    write_bytes(store, "a/b", b"1")
    store.delete("a/b")
    assert list(store.root.iterdir()) == []
