"""An empty SQLite file to build in, within one transaction: made where it is not there, and gone again if unused."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from migrator.platforms.relational.sqltext import quoted
from migrator.platforms.sqlite.connect import connect
from migrator.platforms.sqlite.model import LEFT_ALONE, PRAGMAS
from storage.errors import Misuse, Red

_OF_A_NEW_FILE = PRAGMAS[:2]


class EmptyFile:
    """The open transaction; `keep` commits it, and nothing else does."""

    def __init__(self, connection: sqlite3.Connection, path: Path, options: dict[str, str]) -> None:
        self.connection = connection
        self.path = path
        self.is_kept = False
        self._options = options

    def begin(self) -> None:
        """Set what can be set of a file without pages, take the one lock, and look. Misuse if it is not empty."""
        connection = self.connection
        self._settle()
        # what rows violate they violated before: it is told at the end, and nothing acts by itself
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("PRAGMA trusted_schema = OFF")  # expressions of an archive call nothing but plain functions
        connection.execute("BEGIN IMMEDIATE")
        self._require_empty()

    def keep(self) -> None:
        """Say what can be said of any file, and commit."""
        for name in PRAGMAS[len(_OF_A_NEW_FILE) :]:
            if name in self._options:
                self.connection.execute(f"PRAGMA main.{name} = {_number(name, self._options[name])}")
        self.connection.execute("COMMIT")
        self.is_kept = True

    def _require_empty(self) -> None:
        query = "SELECT type || ' ' || name FROM sqlite_master WHERE name NOT LIKE 'sqlite~_%' ESCAPE '~' LIMIT 4"
        found = [name for (name,) in self.connection.execute(query)]
        if found:
            shown = [*found[:3], *(["others"] if len(found) > 3 else [])]
            raise Misuse(
                f"the file is not empty: it holds {', '.join(shown)}",
                where=str(self.path),
                next="name a file that is not there yet",
            )

    def _settle(self) -> None:
        """SQLite would set another encoding of a file that has one, and break it."""
        has_pages = self.path.stat().st_size > 0
        for name in _OF_A_NEW_FILE:
            wanted = self._options.get(name, LEFT_ALONE[name])
            there = str(self.connection.execute(f"PRAGMA main.{name}").fetchone()[0])
            if has_pages and there != wanted:
                raise Misuse(
                    f"the archive needs a file of {name} {wanted}, this one is of {there}",
                    where=str(self.path),
                    next="name a file that is not there yet",
                )
            if not has_pages:
                self.connection.execute(f"PRAGMA main.{name} = {quoted(wanted)}")


@contextmanager
def empty_file(path: Path, options: dict[str, str]) -> Iterator[EmptyFile]:
    """Whatever was not kept is rolled back; a file that was made for it is removed."""
    is_new = _is_made(path)
    is_kept = False
    try:
        with closing(connect(path, mode="rw")) as connection:
            file = EmptyFile(connection, path, options)
            try:
                file.begin()
                yield file
                is_kept = file.is_kept
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
    finally:
        if is_new and not is_kept:
            remove(path)


def _is_made(path: Path) -> bool:
    """Make the file, unless it is there."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))  # a customer's rows: nobody else reads
    except FileExistsError:
        return False
    return True


def remove(path: Path) -> None:
    """The file and what SQLite keeps beside it."""
    for ending in ("-journal", "-wal", "-shm", ""):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _number(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise Red(f"{name} is no number: {value[:40]!r}", next="ask where this archive comes from") from error
