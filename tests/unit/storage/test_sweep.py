from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.local import LocalStore
from storage.memory import MemoryStore
from storage.objects import ObjectStore, write_bytes
from storage.sweep import QUIET, sweep, swept_in_words

KILLED = "acme-20240101T000000Z-0123abcd"
OTHER = "other-20240101T000000Z-0123abcd"
LATER = datetime.now(UTC) + QUIET


def keys(store: ObjectStore) -> list[str]:
    return [info.key for info in store.list()]


def test_parts_of_what_never_became_an_archive_go_and_archives_stay() -> None:
    store = MemoryStore()
    for key in (f"{KILLED}/data/a", f"{KILLED}/bagit.txt", f"{OTHER}/data/a", f"{OTHER}/tagmanifest-sha256.txt"):
        write_bytes(store, key, b"")
    (swept,) = sweep(store, before=LATER)
    assert (swept.archive_id, len(swept.objects)) == (KILLED, 2)
    assert keys(store) == [f"{OTHER}/data/a", f"{OTHER}/tagmanifest-sha256.txt"]
    assert f"swept {KILLED}" in swept_in_words([swept])[0]


def test_what_another_snapshot_is_writing_stays() -> None:
    store = MemoryStore()
    write_bytes(store, f"{KILLED}/data/a", b"")
    assert sweep(store, before=datetime.now(UTC) - timedelta(minutes=1)) == ()
    assert keys(store) == [f"{KILLED}/data/a"]


def test_lists_of_parts_go_with_what_they_list_and_alone_where_that_is_an_archive() -> None:
    store = MemoryStore()
    whole = (f"{OTHER}/data/a", f"{OTHER}/tagmanifest-sha256.txt")
    for key in (f"{KILLED}/data/a", f"{KILLED}.parts/begun.json", *whole, f"{OTHER}.parts/begun.json", "x.parts/a"):
        write_bytes(store, key, b"")
    first, second = sweep(store, before=LATER)
    assert (first.archive_id, len(first.objects)) == (KILLED, 2)
    assert (second.archive_id, len(second.objects)) == (f"{OTHER}.parts", 1)
    assert keys(store) == [*whole, "x.parts/a"]


def test_one_sign_of_life_is_enough(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    write_bytes(store, f"{KILLED}/old", b"")
    os.utime(tmp_path / KILLED / "old", (0, 0))
    with store.writer(f"{KILLED}/large") as sink:
        sink.write(b"still being written")
        assert sweep(store, before=datetime.now(UTC) - timedelta(minutes=1)) == ()
    assert keys(store) == [f"{KILLED}/large", f"{KILLED}/old"]


@pytest.mark.parametrize("folder", ["photos", "acme-2024", "Acme-20240101T000000Z-0123abcd", f"x{KILLED}y"])
def test_what_is_not_ours_stays(folder: str) -> None:
    store = MemoryStore()
    write_bytes(store, f"{folder}/a", b"")
    assert sweep(store, before=LATER) == ()
    assert keys(store) == [f"{folder}/a"]


def test_a_killed_writer_of_a_folder_leaves_a_file_that_is_swept(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    writer = store.writer(f"{KILLED}/data/a")
    writer.__enter__().write(b"half")
    (swept,) = sweep(store, before=LATER)
    assert (len(swept.objects), len(swept.unfinished)) == (0, 1)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Exception, match="No such file"):
        writer.__exit__(None, None, None)
    assert keys(store) == []
