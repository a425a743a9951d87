"""The staging of one run: a SQLite file of its own beside the target, attached for the merge, gone afterwards."""

from __future__ import annotations

import fcntl
import glob
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import pyarrow as pa

from migrator.contracts import ACTION, EDGE, Staged, Whole
from migrator.platforms.relational.kept import DAYS, going
from migrator.platforms.relational.keyed import keys_staged_twice, refused_for
from migrator.platforms.relational.sqltext import listed, quoted
from migrator.platforms.sqlite.connect import connect, encoding_of, translated
from migrator.platforms.sqlite.identity import is_strict
from migrator.platforms.sqlite.rows import scan
from migrator.platforms.sqlite.types import Misfit, placeholder, to_values
from storage.errors import Red, TransientFault
from storage.schema import Column, Kind, Table, Type

SCHEMA = "migrator_stage"
"""The name staging is attached under while merging."""

_NOTES = '"migrator:notes"'
_MARK, _MARKED = b"kept", slice(68, 72)
"""What says that a run may go on with a file: the application's id, where SQLite writes it into the head."""


def stage_name(staged: Staged) -> str:
    """The staging of one table, as the merge transaction names it."""
    return f"{SCHEMA}.{quoted(staged.table.name)}"


def staging_path(target: Path, run: str) -> Path:
    return target.with_name(f"{target.name}.migrator-{run}.stage")


class SqliteStaging:
    """See migrator.contracts.Staging. What nobody keeps has no journal: a crash leaves a file the next run sweeps."""

    def __init__(self, path: Path, encoding: str, *, keep: bool = False) -> None:
        self.path = path
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute(f"PRAGMA encoding = '{encoding}'")  # only then it can be attached to the target
        self._connection.execute(f"PRAGMA journal_mode = {'DELETE' if keep else 'OFF'}")
        self._connection.execute(f"PRAGMA synchronous = {'NORMAL' if keep else 'OFF'}")
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {_NOTES} (name TEXT PRIMARY KEY, rows, word)")
        if keep:
            self._connection.execute(f"PRAGMA application_id = {int.from_bytes(_MARK, 'big')}")

    def stage(self, staged: Staged, batches: Iterable[pa.RecordBatch]) -> int:
        table = staging_table(staged)
        name = quoted(table.name)
        with translated(self.path):
            self._forget(staged)
            self._connection.execute(f"DROP TABLE IF EXISTS {name}")
            columns = [f"{quoted(column.name)} {column.native}" for column in table.columns]
            self._connection.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
            count = self._copy(table, batches)
            self._index(staged, name)
        return count

    def _copy(self, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        marks = ", ".join(placeholder(column.type) for column in table.columns)
        insert = f"INSERT INTO {quoted(table.name)} VALUES ({marks})"
        count = 0
        self._connection.execute("BEGIN")
        for batch in batches:
            values = [
                part
                for column, array in zip(table.columns, batch.columns, strict=True)
                for part in _bindable(table, column, array)
            ]
            self._connection.executemany(insert, zip(*values, strict=True))
            count += batch.num_rows
        self._connection.execute("COMMIT")
        return count

    def _index(self, staged: Staged, name: str) -> None:
        if not staged.key:
            return
        index = quoted(f"{staged.table.name}:key")
        try:
            self._connection.execute(f"CREATE UNIQUE INDEX {index} ON {name} ({listed(staged.key)})")
        except sqlite3.IntegrityError as error:
            twice = self._connection.execute(keys_staged_twice(staged, name)).fetchall()
            raise refused_for(staged, twice) from error

    def scan(self, staged: Staged) -> Iterator[pa.RecordBatch]:
        with translated(self.path):
            yield from scan(self._connection, staging_table(staged), Whole())

    def note(self, staged: Staged, word: str) -> None:
        with translated(self.path):
            self._connection.execute(
                f"INSERT OR REPLACE INTO {_NOTES} VALUES (?, ?, ?)", (staged.table.name, self._rows(staged), word)
            )

    def _forget(self, staged: Staged) -> None:
        self._connection.execute(f"DELETE FROM {_NOTES} WHERE name = ?", (staged.table.name,))

    def noted(self, staged: Staged) -> str | None:
        with translated(self.path):
            found = self._connection.execute(f"SELECT rows, word FROM {_NOTES} WHERE name = ?", (staged.table.name,))
            rows, word = found.fetchone() or (None, None)
            return word if word is not None and rows == self._rows(staged) else None

    def _rows(self, staged: Staged) -> int:
        found = self._connection.execute(f"SELECT count(*) FROM {quoted(staged.table.name)}").fetchone()
        return int(found[0])

    def close(self) -> None:
        self._connection.close()


def _bindable(table: Table, column: Column, array: pa.Array) -> list[list[object]]:
    try:
        return to_values(array, column.type)
    except Misfit as error:
        raise Red(str(error), where=f"{table.name}.{column.name}", next="add a cast step to this column") from error


def staging_table(staged: Staged) -> Table:
    """The staged columns as the target declares them (the same affinities), then ACTION and EDGE; no constraint."""
    own = tuple(_unconstrained(staged.table, staged.table.column(name)) for name in staged.columns)
    extra = (
        Column(name=ACTION, type=Type(kind=Kind.TEXT), native="TEXT"),
        Column(name=EDGE, type=Type(kind=Kind.INTEGER), native="INTEGER"),
    )
    return Table(name=staged.table.name, columns=own + extra)


def _unconstrained(table: Table, column: Column) -> Column:
    # ANY keeps every value as it is in a STRICT table, and makes numbers of texts in any other
    native = "" if column.native.upper() == "ANY" and is_strict(table.ddl) else column.native
    return replace(column, native=native, generated=False)


# ── the file ────────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def staging(target: Path, run: str, *, keep: bool = False) -> Iterator[SqliteStaging]:
    """See migrator.contracts.Target.staging; what dead runs left is swept at the start.

    TransientFault where another process has the same run's staging open.
    """
    path = staging_path(target, run)
    sweep(target)
    with translated(target), closing(connect(target, mode="ro")) as connection:
        encoding = encoding_of(connection)
    with translated(path), _held(path, keep=keep), closing(SqliteStaging(path, encoding, keep=keep)) as opened:
        yield opened


@contextmanager
def _held(path: Path, *, keep: bool) -> Iterator[None]:
    """A file that is "in use" to other programs' sweeps; flock and SQLite's own locks do not meet."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "r+b") as file:  # a customer's rows: nobody else reads
        if not lock(file) or not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise TransientFault(
                "another process is loading this run", where=str(path), next="wait for it to finish, then repeat"
            )
        if not keep or _head(file)[_MARKED] != _MARK:  # a file that died before it was marked has nothing to keep
            _beside(path).unlink(missing_ok=True)
            file.truncate(0)
        with going(lambda: _remove(path), keep=keep):
            yield


def sweep(target: Path) -> None:
    """Remove the staging files of runs that died, but what is kept.

    One that is in use, or another user's, is somebody's and stays.
    """
    for path in target.parent.glob(f"{glob.escape(target.name)}.migrator-*.stage"):
        _sweep(path, lambda file: not _is_kept(file))


def sweep_runs(target: Path, runs: Collection[str]) -> int:
    """See migrator.contracts.Target.sweep."""
    return sum(_sweep(staging_path(target, run), lambda _: True) for run in runs)


def _sweep(path: Path, may_go: Callable[[IO[bytes]], bool]) -> bool:
    # it may be gone meanwhile: others sweep too
    with suppress(FileNotFoundError, PermissionError), path.open("rb") as file:
        if lock(file) and may_go(file):
            _remove(path)
            return True
    return False


def _is_kept(file: IO[bytes]) -> bool:
    age = time.time() - os.fstat(file.fileno()).st_mtime
    return _head(file)[_MARKED] == _MARK and age < DAYS * 86_400


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(_MARKED.stop)


def _remove(path: Path) -> None:
    _beside(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    """Where SQLite keeps what would undo a transaction that died."""
    return path.with_name(f"{path.name}-journal")


def lock(file: IO[bytes]) -> bool:
    """Whether this process has the file for itself now; the lock goes with its last descriptor."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
