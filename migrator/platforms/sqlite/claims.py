"""A SQLite file that one run has for itself, every table of it: a lock on a file beside it, which says whose it is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from migrator.platforms.sqlite.connect import translated
from migrator.platforms.sqlite.staging import lock
from storage.errors import Fault
from storage.schema import Table


def claim_path(target: Path) -> Path:
    return target.with_name(f"{target.name}.migrator-claim")


class SqliteClaims:
    """See migrator.contracts.Claims. Who writes to one table of a SQLite file shuts out all others anyway."""

    def __init__(self, target: Path, run: str, stack: ExitStack) -> None:
        self._path = claim_path(target)
        self._run = run
        self._stack = stack
        self._file: IO[bytes] | None = None

    def take(self, tables: Sequence[Table]) -> str:
        if not tables or self._file is not None:
            return ""
        with translated(self._path), ExitStack() as opening:
            file = opening.enter_context(os.fdopen(_opened(self._path), "rb"))
            if not lock(file) or not _is_at(self._path, file):
                return f"run {file.read().decode(errors='replace')}".strip()
            self._file = file
            self._stack.push(opening.pop_all())
            self._stack.callback(_remove, self._path, file)  # before the lock goes
            with suppress(PermissionError):  # what a dead run of another user left
                self._path.write_text(self._run, encoding="utf-8")
        return ""

    def require(self) -> None:
        if self._file is not None and not _is_at(self._path, self._file):
            raise Fault(
                "somebody removed the file that keeps other runs away from this target",
                where=str(self._path),
                next="find out who, and verify the load: another run may have written meanwhile",
            )


def _opened(path: Path) -> int:
    with suppress(PermissionError):
        return os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    return os.open(path, os.O_RDONLY)  # another user's, which can be waited for all the same


def _is_at(path: Path, file: IO[bytes]) -> bool:
    """Whether it is still the file of that name: who gives it back removes it."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False


def _remove(path: Path, file: IO[bytes]) -> None:
    with suppress(FileNotFoundError, PermissionError):
        if _is_at(path, file):
            path.unlink()


def sweep_claim(target: Path) -> None:
    """Remove the file that a dead run left; one that is in use stays."""
    path = claim_path(target)
    with suppress(FileNotFoundError, PermissionError), path.open("rb") as file:
        if lock(file):
            _remove(path, file)


@contextmanager
def claims(target: Path, run: str) -> Iterator[SqliteClaims]:
    """See migrator.contracts.Target.claims: the lock goes with the process; a file without one is nobody's."""
    with ExitStack() as stack:
        yield SqliteClaims(target, run, stack)
