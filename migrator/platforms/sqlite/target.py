"""A SQLite file as a target."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import NoReturn

import pyarrow as pa

from migrator.contracts import (
    NO_TRIGGERS,
    Capabilities,
    Closed,
    Examination,
    Marker,
    Numbered,
    Predicate,
    Triggers,
    Undone,
)
from migrator.platforms.relational.journal import read_markers
from migrator.platforms.sqlite.claims import SqliteClaims, claims, sweep_claim
from migrator.platforms.sqlite.closing import close
from migrator.platforms.sqlite.connect import connect, database, place_of, translated
from migrator.platforms.sqlite.describe import describe
from migrator.platforms.sqlite.erase import erase
from migrator.platforms.sqlite.examine import examine_target
from migrator.platforms.sqlite.merge import SqliteMerge, merging
from migrator.platforms.sqlite.restore import SqliteRebuilding, rebuilding
from migrator.platforms.sqlite.rows import scan
from migrator.platforms.sqlite.staging import SqliteStaging, staging, sweep_runs
from migrator.platforms.sqlite.transaction import SqliteTransaction
from migrator.platforms.sqlite.undo import settle, undo
from storage.errors import Misuse
from storage.model import Model
from storage.schema import Schema, Table


class SqliteTarget:
    """See migrator.contracts.Target."""

    capabilities = Capabilities(platform="sqlite", transactional=True, silences_triggers=True)

    def __init__(self, url: str) -> None:
        self._place = place_of(url)

    @property
    def _path(self) -> Path:
        return database(self._place)

    def describe(self) -> Schema:
        with self._reading() as connection:
            return describe(connection)

    def numbered(self, tables: Sequence[Table]) -> tuple[Numbered, ...]:
        return ()  # the next rowid is beyond the highest, whatever sqlite_sequence says

    def examine(self, tables: Sequence[str]) -> Examination:
        with self._reading() as connection:
            return examine_target(connection, self._path)

    @contextmanager
    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None
    ) -> Iterator[Iterator[pa.RecordBatch]]:
        with self._reading() as connection:
            connection.execute("BEGIN")
            yield scan(connection, table, predicate, columns=columns)

    def markers(self) -> tuple[Marker, ...]:
        with self._reading() as connection:
            connection.execute("BEGIN")  # with the last load, others take the table away, too
            return read_markers(SqliteTransaction(connection), describe(connection).tables)

    def claims(self, run: str) -> AbstractContextManager[SqliteClaims]:
        return claims(self._place, run)

    def staging(self, run: str, *, keep: bool = False) -> AbstractContextManager[SqliteStaging]:
        return staging(self._path, run, keep=keep)

    def helping(self, run: str, table: Table, required: Callable[[], None]) -> NoReturn:
        raise Misuse(
            "a SQLite file has one writer at a time: nobody helps with its loads",
            where=f"{run} {table.name}",
            next="nothing is to be done",
        )

    def sweep(self, runs: Collection[str], *, are_over: bool = False) -> int:
        sweep_claim(self._path)
        return sweep_runs(self._path, runs)

    def merging(
        self, run: str, *, max_seconds: int | None = None, triggers: Triggers = NO_TRIGGERS
    ) -> AbstractContextManager[SqliteMerge]:
        return merging(self._path, run, max_seconds=max_seconds, triggers=triggers)

    def undo(self, run: str, *, whole: bool = False, by: str = "") -> Undone:
        return undo(self._path, run, whole=whole, by=by)

    def settle(self, by: str) -> None:
        sweep_claim(self._path)
        settle(self._path, by)

    def close(self, run: str, *, by: str = "") -> Closed:
        return close(self._path, run, by=by)

    def rebuilding(self, tables: Sequence[Table], model: Model) -> AbstractContextManager[SqliteRebuilding]:
        return rebuilding(self._place, tables, model)

    def erase(self, tables: Sequence[Table], model: Model) -> None:
        erase(self._place, tables)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        path = self._path
        with translated(path), closing(connect(path, mode="rw")) as connection:
            yield connection
