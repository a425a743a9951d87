"""Folders for what one process needs for a while. A process that was killed leaves its own; the next one removes it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_YOUNG_S = 60  # between a folder's making and its lock lies a moment


@contextmanager
def scratch(purpose: str, parent: Path | None = None) -> Iterator[Path]:
    """A private folder in `parent` (else TMPDIR), gone when the context ends; what killed processes left goes first."""
    within = parent or Path(tempfile.gettempdir())
    prefix = f"migrator.{purpose}."
    for left in within.glob(f"{prefix}*"):
        _sweep(left)
    # what cannot be removed now is a matter of the next one, not of this one's outcome
    made = tempfile.TemporaryDirectory(prefix=prefix, dir=within, ignore_cleanup_errors=True)
    with made as name, _opened(Path(name)) as folder:
        with suppress(OSError):  # a file system without locks: there nobody sweeps either
            fcntl.flock(folder, fcntl.LOCK_EX)  # the system takes it from a process that dies
        yield Path(name)


def _sweep(left: Path) -> None:
    with suppress(OSError), _opened(left) as folder:  # somebody else's, in use, or gone meanwhile
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        made = os.fstat(folder)
        if made.st_uid == os.geteuid() and time.time() - made.st_mtime > _YOUNG_S:
            shutil.rmtree(left)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
