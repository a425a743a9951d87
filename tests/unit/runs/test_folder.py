"""What is kept of a run beside its report is given back as it was, and is nobody else's to read."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from migrator.runs.folder import RunFolder
from storage.errors import Fault, Misuse
from storage.problem import Problem

TOLD = (
    Problem(where="notes.said", what="rows name others", count=3, examples=("22", "é \ud800", ""), next="ask"),
    Problem(where="", what="x"),
)


def test_what_an_operator_was_told_is_kept_whole(tmp_path: Path) -> None:
    folder = RunFolder(path=tmp_path / "runs" / "one")
    assert folder.told() == ()
    folder.keep_told(TOLD)
    assert folder.told() == TOLD
    assert folder.path.stat().st_mode & 0o077 == 0


def test_where_the_disk_ends_what_was_there_stays(tmp_path: Path) -> None:
    folder = RunFolder(path=tmp_path / "one")
    folder.keep_told(TOLD)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))  # a real write that ends in the middle
    try:
        with pytest.raises(Fault):
            folder.keep_told(TOLD * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert folder.told() == TOLD
    assert len(list(folder.path.iterdir())) == 1


def test_of_a_run_that_found_nothing_nothing_is_kept(tmp_path: Path) -> None:
    folder = RunFolder(path=tmp_path / "one")
    folder.keep_told(())
    assert not folder.path.exists()


@pytest.mark.parametrize(
    "content", [b"", b"[", b"{}x", b"[1]", b'[{"what": "x"}]', b"\xff", b'[{"examples": [], "no": 1}]']
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    folder = RunFolder(path=tmp_path / "one")
    folder.keep_told(TOLD)
    (file,) = folder.path.iterdir()
    file.write_bytes(content)
    with pytest.raises(Misuse, match="damaged") as refused:
        folder.told()
    assert refused.value.where == str(file)
