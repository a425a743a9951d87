"""A PostgreSQL database as a target."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager

import psycopg
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
from migrator.platforms.postgres.claims import PostgresClaims, claims
from migrator.platforms.postgres.connect import LOADING, Session, connect, place, translated
from migrator.platforms.postgres.describe import describe
from migrator.platforms.postgres.erase import erase
from migrator.platforms.postgres.examine import examine_target
from migrator.platforms.postgres.helping import PostgresHelping, helping
from migrator.platforms.postgres.merge import PostgresMerge, close, merging, settle, undo
from migrator.platforms.postgres.restore import PostgresRebuilding, rebuilding
from migrator.platforms.postgres.sequences import Sequences
from migrator.platforms.postgres.source import PostgresSource
from migrator.platforms.postgres.staging import PostgresStaging, staging, sweep_runs
from migrator.platforms.postgres.transaction import PostgresTransaction, live_name
from migrator.platforms.relational.journal import markers_seen
from storage.model import Model
from storage.schema import Schema, Table

_READING = Session(read_only=True)


class PostgresTarget:
    """See migrator.contracts.Target."""

    capabilities = Capabilities(platform="postgresql", transactional=True, silences_triggers=True, stages_together=True)

    def __init__(self, url: str) -> None:
        self._url = url

    def describe(self) -> Schema:
        with self._reading() as connection:
            return describe(connection)

    def numbered(self, tables: Sequence[Table]) -> tuple[Numbered, ...]:
        with self._reading() as connection:
            transaction = PostgresTransaction(connection, "", where=place(self._url))
            every = (Sequences(transaction, table, live_name(table)) for table in tables)
            return tuple(one for sequences in every for one in sequences.numbered())

    def examine(self, tables: Sequence[str]) -> Examination:
        with closing(connect(self._url, LOADING)) as connection, translated(place(self._url)):
            return examine_target(connection, tables)

    @contextmanager
    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None
    ) -> Iterator[Iterator[pa.RecordBatch]]:
        with PostgresSource(self._url).fence(table.name) as reading:
            yield reading.scan(table, predicate, columns=columns)

    def markers(self) -> tuple[Marker, ...]:
        with self._reading() as connection:
            transaction = PostgresTransaction(connection, "", where=place(self._url))
            return markers_seen(transaction, describe(connection).tables)

    def claims(self, run: str) -> AbstractContextManager[PostgresClaims]:
        return claims(self._url, run)

    def staging(self, run: str, *, keep: bool = False) -> AbstractContextManager[PostgresStaging]:
        return staging(self._url, run, keep=keep)

    def helping(self, run: str, table: Table, required: Callable[[], None]) -> AbstractContextManager[PostgresHelping]:
        return helping(self._url, run, table, required)

    def sweep(self, runs: Collection[str], *, are_over: bool = False) -> int:
        with closing(connect(self._url, LOADING)) as connection, translated(place(self._url)):
            return sweep_runs(connection, runs, are_over=are_over)

    def merging(
        self, run: str, *, max_seconds: int | None = None, triggers: Triggers = NO_TRIGGERS
    ) -> AbstractContextManager[PostgresMerge]:
        return merging(self._url, run, max_seconds=max_seconds, triggers=triggers)

    def undo(self, run: str, *, whole: bool = False, by: str = "") -> Undone:
        return undo(self._url, run, whole=whole, by=by)

    def settle(self, by: str) -> None:
        settle(self._url, by)

    def close(self, run: str, *, by: str = "") -> Closed:
        return close(self._url, run, by=by)

    def rebuilding(self, tables: Sequence[Table], model: Model) -> AbstractContextManager[PostgresRebuilding]:
        return rebuilding(self._url, tables, model)

    def erase(self, tables: Sequence[Table], model: Model) -> None:
        erase(self._url, tables, model)

    @contextmanager
    def _reading(self) -> Iterator[psycopg.Connection]:
        with closing(connect(self._url, _READING)) as connection, translated(place(self._url)):
            yield connection
