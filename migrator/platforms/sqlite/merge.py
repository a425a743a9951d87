"""The merge transaction on SQLite: the run's staging attached, one writer, and a bound on how long it may take."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from migrator.contracts import NO_TRIGGERS, Predicate, Triggers
from migrator.platforms.relational.deadline import Deadline
from migrator.platforms.relational.merge import RelationalMerge
from migrator.platforms.sqlite.connect import connect, translated
from migrator.platforms.sqlite.hashing import install
from migrator.platforms.sqlite.rows import scan
from migrator.platforms.sqlite.staging import SCHEMA, staging_path
from migrator.platforms.sqlite.transaction import SqliteTransaction
from storage.schema import Table

_STEPS_BETWEEN_LOOKS = 100_000  # of SQLite's virtual machine, about a millisecond


@contextmanager
def merging(
    target: Path, run: str, *, max_seconds: int | None = None, triggers: Triggers = NO_TRIGGERS
) -> Iterator[SqliteMerge]:
    """BEGIN IMMEDIATE on the target with the run's staging attached; whatever was not committed is rolled back."""
    with translated(target):
        connection = connect(target, mode="rw")
        try:
            install(connection)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA cache_size = -16384")  # 16 MiB: keys arrive in no order, their pages should stay
            # only to be read: else its journal and the target's would be tied together by a third file beside them
            staged = f"file:{quote(str(staging_path(target, run).absolute()))}?mode=ro"
            connection.execute(f"ATTACH ? AS {SCHEMA}", (staged,))
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("PRAGMA defer_foreign_keys = ON")
            with _bounded(connection, target, max_seconds) as require_time:
                yield SqliteMerge(connection, run, require_time, triggers)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.close()


@contextmanager
def _bounded(connection: sqlite3.Connection, target: Path, max_seconds: int | None) -> Iterator[Callable[[], None]]:
    """Stop whatever statement runs when the time is over; gives what a short one asks first, the commit above all."""
    if max_seconds is None:
        yield lambda: None
        return
    deadline = Deadline(max_seconds, str(target))
    connection.set_progress_handler(lambda: deadline.is_over, _STEPS_BETWEEN_LOOKS)
    try:
        yield deadline.require
        if connection.in_transaction:  # a rehearsal: it held the locks as long
            deadline.require()
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        raise deadline.passed() from error
    finally:
        connection.set_progress_handler(None, 0)


class SqliteMerge(RelationalMerge):
    """See migrator.contracts.Merge."""

    def __init__(
        self, connection: sqlite3.Connection, run: str, require_time: Callable[[], None], triggers: Triggers
    ) -> None:
        super().__init__(SqliteTransaction(connection, require_time), run, triggers)
        self._connection = connection

    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        yield from scan(self._connection, table, predicate, columns=columns)
