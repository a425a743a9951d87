"""What the operating system refuses, in the words of the one tree of errors."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import Fault

_ADVICE = {
    errno.ENOSPC: ("the disk is full", "free some space or choose another place, then run the same command again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space or choose another place, then run the command again"),
    errno.EACCES: ("permission denied", "give this user read and write permission there, or choose another place"),
    errno.EPERM: ("operation not permitted", "give this user read and write permission there, or choose another place"),
    errno.EROFS: ("the file system is read-only", "choose a place that can be written to"),
    errno.EEXIST: ("a file stands where a folder should be", "move the file away or choose another place"),
    errno.ENOTDIR: ("a file stands where a folder should be", "move the file away or choose another place"),
    errno.ENAMETOOLONG: ("the path is too long", "choose a place with a shorter path"),
}


def fault_of(error: OSError, where: Path | str = "") -> Fault:
    """The error as a person should read it; `where` stands in for a path that the system does not name."""
    what, advice = _ADVICE.get(error.errno or 0, (error.strerror or str(error), "check the disk and try again"))
    return Fault(what, where=str(where or error.filename or "this machine"), next=advice)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise what the system refuses about `path` as a Fault."""
    try:
        yield
    except OSError as error:
        raise fault_of(error, path) from error


def write_whole(path: Path, content: bytes) -> None:
    """All of it, or nothing: a disk that is full, or a process that is killed, leaves what was there. OSError."""
    half = path.with_name(f"{path.name}.new")
    try:
        with half.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
