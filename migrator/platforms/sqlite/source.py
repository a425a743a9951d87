"""A SQLite file as a source: opened so that nothing of it changes, read at one point in time."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from migrator.contracts import ColumnCensus, Examination, Fence, Predicate, ReadLimits, TenantCandidate
from migrator.platforms.relational.sqltext import quoted
from migrator.platforms.relational.tenants import candidates
from migrator.platforms.relational.unshared import Unshared
from migrator.platforms.sqlite.connect import connect, path_of, translated
from migrator.platforms.sqlite.describe import describe
from migrator.platforms.sqlite.examine import examine_source
from migrator.platforms.sqlite.model import model
from migrator.platforms.sqlite.rows import Selection, scan
from migrator.platforms.sqlite.types import STORAGE_CLASSES, fidelity_of, found_type
from storage import moment
from storage.errors import Fault
from storage.model import Model
from storage.schema import Column, Schema, Table
from storage.scratch import scratch

_GENTLE = ReadLimits()
_LOOKS = 25
_CENSUS_COLUMNS = 300  # five results a column, and SQLite gives at most 2,000


class SqliteSource(Unshared):
    """See migrator.contracts.Source."""

    def __init__(self, url: str, _limits: ReadLimits = _GENTLE) -> None:  # one reader of one file: nothing to limit
        self._path = path_of(url)

    def describe(self) -> Schema:
        with translated(self._path), _reading(self._path) as connection:
            return describe(connection)

    def tenants(self, is_likely: Callable[[str], bool]) -> tuple[TenantCandidate, ...]:
        with translated(self._path), _reading(self._path) as connection:
            schema = describe(connection)
            return tuple(candidates(schema, is_likely, partial(_distinct, connection)))

    def examine(self, excluded: Collection[str] = (), views: Collection[str] = ()) -> Examination:
        """See Source; a file is readable whole, or not at all."""
        with translated(self._path), _reading(self._path) as connection:
            return examine_source(connection, self._path)

    @contextmanager
    def fence(self) -> Iterator[SqliteReading]:
        """In WAL mode a read transaction (writers go on); otherwise a private copy: writers wait for the copy only."""
        with translated(self._path):
            with _reading(self._path) as connection:
                if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                    yield from _within(connection, "sqlite-read-transaction", self._path)
                    return
            with scratch("fence") as folder, _copied(self._path, folder) as copy:
                yield from _within(copy, "sqlite-copy", self._path)


def _within(connection: sqlite3.Connection, kind: str, path: Path) -> Iterator[SqliteReading]:
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the transaction begins with its first read
    fence = Fence(
        kind=kind,
        token=f"{path.name} data_version={_data_version(connection)}",
        taken_at=moment.now("microseconds"),
        isolation="serializable",
    )
    try:
        yield SqliteReading(connection, describe(connection), fence, path)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


class SqliteReading:
    """See migrator.contracts.Reading."""

    def __init__(self, connection: sqlite3.Connection, schema: Schema, fence: Fence, path: Path) -> None:
        self.schema = schema
        self.fence = fence
        self._connection = connection
        self._path = path

    def census(self, table: Table, predicate: Predicate) -> tuple[Table, tuple[ColumnCensus, ...]]:
        findings: list[ColumnCensus] = []
        columns: list[Column] = []
        with translated(self._path), Selection(self._connection, table, predicate) as selection:
            for start in range(0, len(table.columns), _CENSUS_COLUMNS):
                for column, found, nulls in _classes(selection, table.columns[start : start + _CENSUS_COLUMNS]):
                    type_ = found_type(found, column)
                    columns.append(replace(column, type=type_, fidelity=fidelity_of(type_)))
                    findings.append(
                        ColumnCensus(column=column.name, fidelity=fidelity_of(type_), nulls=nulls, found=found)
                    )
        return replace(table, columns=tuple(columns)), tuple(findings)

    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None, distinct: bool = False
    ) -> Iterator[pa.RecordBatch]:
        with translated(self._path):
            yield from scan(self._connection, table, predicate, columns=columns, distinct=distinct)

    def count(self, table: Table, predicate: Predicate) -> int:
        with translated(self._path), Selection(self._connection, table, predicate) as selection:
            return int(selection.execute(["count(*)"], ordered=False).fetchone()[0])

    def model(self, tables: Collection[str]) -> Model:
        with translated(self._path):
            return model(self._connection, self.schema, tables)


def _classes(selection: Selection, columns: Sequence[Column]) -> Iterator[tuple[Column, tuple[str, ...], int]]:
    """Each column with the storage classes of its values and the number of its NULLs, from one pass over the rows."""
    tests = []
    for column in columns:
        value = f"t.{quoted(column.name)}"
        tests += [f"coalesce(max(typeof({value}) = '{name}'), 0)" for name in STORAGE_CLASSES]
        tests.append(f"coalesce(sum({value} IS NULL), 0)")
    counts = iter(selection.execute(tests, ordered=False).fetchone())
    for column in columns:
        yield column, tuple(name for name in STORAGE_CLASSES if next(counts)), int(next(counts))


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that leaves file and folder as they were, and may write nothing but temporary tables."""
    with scratch("fence") as folder, closing(_opened(path, folder)) as connection:
        # a table of shapes prepares writes to its own tables when it is opened, and makes none while it is read
        shadows = connection.execute("SELECT name FROM pragma_table_list WHERE type = 'shadow'").fetchall()
        connection.set_authorizer(partial(_only_temporary, frozenset((*_CATALOG, *(name for (name,) in shadows)))))
        yield connection


def _opened(path: Path, folder: Path) -> sqlite3.Connection:
    """Others open and close the file while we look: what was beside it may be gone a moment later, so look again."""
    for remaining in reversed(range(_LOOKS)):
        try:
            place, mode = _place(path, folder)
            return connect(place, mode=mode)
        except (FileNotFoundError, Fault):
            if not remaining or not path.exists():
                raise
            time.sleep(0.02)
    raise AssertionError("unreachable")


def _place(path: Path, folder: Path) -> tuple[Path, str]:
    """Where to read, and how. In place, read-only beside somebody's -wal, since a writer that is last to close folds
    it into the file; read-write where there is none, since a reader would leave an empty one; and a private copy
    of a -wal without -shm, which nobody has open and which any reader would leave a -shm beside.
    """
    wal, memory = (path.with_name(path.name + ending) for ending in ("-wal", "-shm"))
    if wal.exists() and not memory.exists():
        for file in (path, wal):
            shutil.copyfile(file, folder / file.name)
        if not memory.exists():  # else somebody opened it meanwhile, and the copy may be of two moments
            return folder / path.name, "rw"
    if wal.exists():
        return path, "ro"
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return path, "rw"
    if _is_wal(path):  # nobody has it open, and SQLite would not read it where it cannot put a -shm beside it
        shutil.copyfile(path, folder / path.name)
        if not wal.exists():
            return folder / path.name, "rw"
    return path, "ro"


def _is_wal(path: Path) -> bool:
    """Whether the file's header says WAL mode (https://sqlite.org/fileformat.html, offset 18)."""
    with path.open("rb") as file:
        return file.read(20)[18:20] == b"\x02\x02"


_ROW_WRITES = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_CATALOG = ("sqlite_master", "sqlite_temp_master")  # SQLite itself "writes" here when a pragma is read as a table


def _only_temporary(
    own: frozenset[str], action: int, table: str | None, _two: str | None, database: str | None, _trigger: str | None
) -> int:
    if action in _ROW_WRITES and database != "temp" and table not in own:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


@contextmanager
def _copied(path: Path, folder: Path) -> Iterator[sqlite3.Connection]:
    copy_path = folder / "copy.db"
    with _reading(path) as original:
        original.set_authorizer(None)
        copy = sqlite3.connect(copy_path, isolation_level=None, check_same_thread=False)
        # one step of all pages: a copy in several steps starts anew whenever somebody writes
        original.backup(copy)
    try:
        yield copy
    finally:
        copy.close()


def _distinct(connection: sqlite3.Connection, table: Table, column: str) -> tuple[int, tuple[str, ...]]:
    """How many values the column has, and the first three."""
    column, name = quoted(column), quoted(table.name)
    count = connection.execute(f"SELECT count(DISTINCT {column}) FROM main.{name}").fetchone()[0]
    examples = connection.execute(f"SELECT DISTINCT {column} FROM main.{name} ORDER BY 1 LIMIT 3").fetchall()
    return count, tuple(str(row[0]) for row in examples)
