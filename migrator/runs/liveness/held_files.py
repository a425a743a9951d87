"""Locks as files in the folders of the runs: for a catalog of one machine."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from migrator.runs.liveness.holds import Holder
from storage.system import translated

_LOCK = "lock"
_TRIES, _PAUSE_S = 5, 0.01
_LONGEST = 200  # bytes of what a holder writes


class FileHold:
    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor: int | None = descriptor

    def is_kept(self) -> bool:
        return self._descriptor is not None  # the system takes it with the process, and nobody else can

    def release(self) -> None:
        if self._descriptor is None:
            return
        with suppress(OSError):  # a folder that was removed meanwhile
            self._path.unlink()  # before it is unlocked: whoever waits for this file finds that it is none any more
        os.close(self._descriptor)
        self._descriptor = None


@dataclass(frozen=True, kw_only=True)
class FileHolds:
    """`folder` says where the run of an id lies."""

    folder: Callable[[str], Path]

    def take(self, run_id: str) -> FileHold | None:
        path = self.folder(run_id) / _LOCK
        with translated(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            while True:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                if not _locked_at_last(descriptor):
                    os.close(descriptor)
                    return None
                if _is_at(descriptor, path):
                    break
                os.close(descriptor)  # its holder released it between our opening and our locking
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, Holder.here().written.encode(), 0)
        return FileHold(path, descriptor)

    def holder(self, run_id: str) -> Holder | None:
        path = self.folder(run_id) / _LOCK
        with translated(path):
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
            try:
                if _locked(descriptor):
                    return None
                return Holder.read(os.pread(descriptor, _LONGEST, 0).decode())
            finally:
                os.close(descriptor)

    def end(self, run_id: str) -> None:
        """A process of this machine is ended itself."""

    def close(self) -> None: ...


def _locked_at_last(descriptor: int) -> bool:
    """Whoever only looks who holds it has it for an instant."""
    for _ in range(_TRIES):
        if _locked(descriptor):
            return True
        time.sleep(_PAUSE_S)
    return False


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
