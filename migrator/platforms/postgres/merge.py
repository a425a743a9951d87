"""The merge transaction on PostgreSQL: read committed, so that what others committed before a lock is seen after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

import psycopg
import pyarrow as pa

from migrator.contracts import NO_TRIGGERS, Closed, Predicate, Triggers, Undone
from migrator.platforms.postgres import catalog
from migrator.platforms.postgres.connect import LOADING, connect, of_run, place, translated
from migrator.platforms.postgres.staging import sweep
from migrator.platforms.postgres.transaction import PostgresTransaction
from migrator.platforms.postgres.uncommitted import scan
from migrator.platforms.relational import closing as accepting
from migrator.platforms.relational import undo as relational
from migrator.platforms.relational.journal import JOURNAL
from migrator.platforms.relational.merge import RelationalMerge
from migrator.platforms.relational.sqltext import literal, quoted
from migrator.platforms.relational.transaction import cut
from migrator.platforms.relational.undone import settle as relational_settle
from storage.errors import Fault, Red, TransientFault
from storage.schema import Table


@contextmanager
def merging(
    url: str, run: str, *, max_seconds: int | None = None, triggers: Triggers = NO_TRIGGERS
) -> Iterator[PostgresMerge]:
    """A transaction on the target; whatever was not committed is rolled back."""
    with _transaction(url, run, max_seconds=max_seconds) as (connection, transaction):
        yield PostgresMerge(connection, transaction, run, triggers)
        if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            transaction.require_time()  # a rehearsal: it held the locks as long


@contextmanager
def _transaction(
    url: str, run: str, *, by: str = "", max_seconds: int | None = None
) -> Iterator[tuple[psycopg.Connection, PostgresTransaction]]:
    """In the name of `by`, else of the run itself."""
    with closing(connect(url, of_run(LOADING, by or run))) as connection, translated(place(url)):
        connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        try:
            transaction = PostgresTransaction(connection, run, where=place(url), max_seconds=max_seconds)
            transaction.serialise()
            yield connection, transaction
        finally:
            with suppress(psycopg.OperationalError):  # the connection is lost, and the transaction with it
                if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                    connection.execute("ROLLBACK")


class PostgresMerge(RelationalMerge):
    """See migrator.contracts.Merge."""

    def __init__(
        self, connection: psycopg.Connection, transaction: PostgresTransaction, run: str, triggers: Triggers
    ) -> None:
        super().__init__(transaction, run, triggers)
        self._connection = connection
        self._bounded = transaction.bounded

    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        with self._bounded():
            yield from scan(self._connection, table, predicate, columns=columns)


def _require_own(connection: psycopg.Connection, run: str, where: str) -> None:
    """Fault where another role made the load: its journals go with it or are closed, which only their owner may."""
    journals = literal(cut(f"{JOURNAL}{run}:"))
    owner = connection.execute(catalog.OWNERS.format(journals=journals).encode()).fetchone()
    if owner:
        user = quoted(connection.info.user)
        raise Fault(
            f"the role {owner[0]} made this load, and only who belongs to that role may take it back or close it",
            where=where,
            next=f"use that role in the target's address, or have an administrator: GRANT {quoted(owner[0])} TO {user}",
        )


def undo(url: str, run: str, *, whole: bool, by: str) -> Undone:
    """See migrator.contracts.Target.undo."""
    with closing(connect(url, LOADING)) as connection, translated(place(url)):
        sweep(connection)  # what a killed run staged goes with the next load, or with this
    with _transaction(url, run, by=by) as (connection, transaction):
        _require_own(connection, run, place(url))
        try:
            return relational.undo(transaction, run, whole=whole, by=by)
        except psycopg.errors.ForeignKeyViolation as error:  # what stood in the way when it was looked at, was listed
            raise TransientFault(
                f"others wrote at the same moment: {error.diag.message_primary}",
                where=place(url),
                next="repeat the rollback; nothing was changed",
            ) from error
        except psycopg.IntegrityError as error:  # a constraint that is new, or that no list of columns tells
            told = error.diag
            said = "; ".join(filter(None, (told.message_primary, told.message_detail)))
            raise Red(
                f"a row as it was before the load is refused: {said}",
                where=".".join(filter(None, (told.table_name, told.column_name or told.constraint_name))),
                next="change the row or the constraint that is in the way, then repeat; nothing was changed",
            ) from error


def settle(url: str, by: str) -> None:
    """See migrator.contracts.Target.settle."""
    with _transaction(url, by) as (_, transaction):
        relational_settle(transaction, by)


def close(url: str, run: str, *, by: str) -> Closed:
    """See migrator.contracts.Target.close."""
    with _transaction(url, run, by=by) as (connection, transaction):
        _require_own(connection, run, place(url))
        return accepting.close(transaction, run, by=by)
