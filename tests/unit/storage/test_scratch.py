"""Rows of a customer's do not stay in a temporary folder: not after a run, and not for long after a killed one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from storage.scratch import scratch

KILLED = """
import os, signal, sys
from pathlib import Path
from storage.scratch import scratch
with scratch("work", Path(sys.argv[1])) as folder:
    (folder / "rows").write_text("a customer's")
    os.kill(os.getpid(), signal.SIGKILL)
"""
ROOT = Path(__file__).parents[3]


def aged(folder: Path) -> None:
    os.utime(folder, (0, 0))


def test_nothing_is_left_of_it(tmp_path: Path) -> None:
    with scratch("work", tmp_path) as folder:
        (folder / "rows").write_text("a customer's")
        assert folder.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_the_next_one_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(ROOT)})
    (left,) = tmp_path.iterdir()
    with scratch("work", tmp_path):
        assert left.exists(), "so young a folder may be one whose maker has not locked it yet"
    aged(left)
    with scratch("work", tmp_path):
        assert not left.exists()


def test_what_is_in_use_or_no_folder_of_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    theirs = [tmp_path / name for name in ("migrator.work", "migrator.other.1")]
    for folder in theirs:
        folder.mkdir()
    link = tmp_path / "migrator.work.link"
    link.symlink_to(tmp_path / "elsewhere")
    with scratch("work", tmp_path) as used:
        for folder in (used, *theirs, tmp_path / "elsewhere"):
            aged(folder)
        with scratch("work", tmp_path):
            assert all(folder.exists() for folder in (used, *theirs, link, tmp_path / "elsewhere"))
