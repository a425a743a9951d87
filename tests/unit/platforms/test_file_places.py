"""A folder that a target's files stand in: as open as it was, nobody's folder lost, nobody's file replaced."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from migrator.engine.placing import Placing
from migrator.engine.placing.due import DueFile
from migrator.engine.placing.shelf import put
from migrator.plan import FileRule
from migrator.platforms.files.shelf import open_shelf
from storage.archive import Archive
from storage.credentials import Accounts
from storage.errors import Red
from storage.local import LocalStore
from storage.objects import ObjectStore, write_bytes


def shelf(folder: Path) -> ObjectStore:
    folder.mkdir(mode=0o755, exist_ok=True)
    return open_shelf(str(folder), Accounts(variables={}))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_put_there_is_as_open_as_the_folder_and_what_is_noted_is_not(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        (tmp_path / "place").mkdir()
        (tmp_path / "place").chmod(0o755)
        for key in ("a/b/c.png", ".migrator/run.jsonl"):
            write_bytes(shelf(tmp_path / "place"), key, b"")
    finally:
        os.umask(before)
    place = tmp_path / "place"
    assert [mode(place / name) for name in ("a", "a/b", "a/b/c.png")] == [0o755, 0o755, 0o644]
    assert {mode(path) for path in (place / ".migrator").iterdir()} == {0o600}


def test_folders_made_for_files_go_with_them_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "theirs" / "empty").mkdir(parents=True)
    keys = [".migrator/run.jsonl", "root.txt", "theirs/empty/x.txt", "theirs/ours/x.txt", "ours/deep/x.txt"]
    for key in keys:
        write_bytes(shelf(tmp_path), key, b"")
    later = shelf(tmp_path)
    for key in reversed(keys):
        later.delete(key)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == ["theirs", "theirs/empty"]


@pytest.mark.parametrize(("there", "asked"), [("a/b", "a"), ("a", "a/b")])
def test_a_folder_under_a_files_name_and_a_file_under_a_folders_are_red(tmp_path: Path, there: str, asked: str) -> None:
    write_bytes(shelf(tmp_path), there, b"")
    with pytest.raises(Red, match="stands where a"):
        shelf(tmp_path).size(asked)


def test_a_place_written_in_two_ways_is_one(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "place")
    bases = (str(tmp_path / "place"), (tmp_path / "link").as_uri())
    rules = tuple(FileRule(table=base, column="c", base=base, source=None, at="") for base in bases)
    placing = Placing.of(rules, lambda base: open_shelf(base, Accounts(variables={})), "target")
    assert len(placing.shelves) == 1 and placing.places == (0, 0)


class Meanwhile:
    """An archive whose content is read while somebody else writes to the same place."""

    def __init__(self, content: bytes, act: Callable[[], None]) -> None:
        self.content_, self.act = content, act

    def content(self, _sha256: str) -> Iterator[bytes]:
        self.act()
        yield self.content_


@pytest.mark.parametrize("size", [10, 5_000_000])
def test_a_file_that_comes_there_meanwhile_is_not_replaced_and_an_equal_one_is_taken(tmp_path: Path, size: int) -> None:
    place, content = shelf(tmp_path), b"x" * size
    file = DueFile(name="a", sha256=hashlib.sha256(content).hexdigest(), size=size)
    theirs = Meanwhile(content, lambda: write_bytes(place, "a", b"theirs"))
    with pytest.raises(Red, match="another file there meanwhile"):
        put(cast(Archive, theirs), place, file)
    assert (tmp_path / "a").read_bytes() == b"theirs"
    place.delete("a")
    put(cast(Archive, Meanwhile(content, lambda: write_bytes(place, "a", content))), place, file)
    assert (tmp_path / "a").read_bytes() == content


def test_a_folder_that_another_writer_takes_along_at_its_end_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, gone = Path.mkdir, list[Path]()

    def mkdir(folder: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        if folder.name in (".unfinished", "a") and folder not in gone:  # it was there, and is not any more
            gone.append(folder)
            raise FileExistsError(folder)
        make(folder, mode, parents, exist_ok)

    store = LocalStore(tmp_path)
    monkeypatch.setattr(Path, "mkdir", mkdir)
    write_bytes(store, "a/b", b"", exclusive=True)
    assert len(gone) == 2 and store.size("a/b") == 0
