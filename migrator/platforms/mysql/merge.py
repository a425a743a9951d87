"""The merge transaction on MariaDB and MySQL, and its undoing, on a session of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

import pyarrow as pa

from migrator.contracts import NO_TRIGGERS, Closed, Predicate, Triggers, Undone
from migrator.platforms.mysql.address import Address
from migrator.platforms.mysql.connect import LENIENT_MODE, Connection, connect
from migrator.platforms.mysql.reader import Reader
from migrator.platforms.mysql.rows import scan
from migrator.platforms.mysql.sweep import sweep
from migrator.platforms.mysql.transaction import MysqlTransaction
from migrator.platforms.relational import closing as accepting
from migrator.platforms.relational import undo as relational
from migrator.platforms.relational.merge import RelationalMerge
from migrator.platforms.relational.undone import settle as relational_settle
from storage.errors import Fault
from storage.schema import Table

_MODE = f"{LENIENT_MODE},STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO"
"""What does not fit is refused, id 0 is an id, and a 31st of February stays one: staged, or in a before-image."""


@contextmanager
def merging(
    address: Address, run: str, *, max_seconds: int | None = None, triggers: Triggers = NO_TRIGGERS
) -> Iterator[MysqlMerge]:
    """A transaction on the target, begun by `lock`; whatever was not committed is rolled back."""
    with _transaction(address, run, by=run, max_seconds=max_seconds) as (connection, transaction):
        transaction.shuts_out = bool(triggers.writes)
        yield MysqlMerge(connection, transaction, run, triggers)
        if transaction.is_open:
            transaction.require_time()  # a rehearsal: it held the locks as long


@contextmanager
def _transaction(
    address: Address, run: str, *, by: str = "", max_seconds: int | None = None
) -> Iterator[tuple[Connection, MysqlTransaction]]:
    with closing(connect(address, mode=_MODE)) as connection:
        transaction = MysqlTransaction(connection, run, where=str(address), by=by, max_seconds=max_seconds)
        with closing(transaction):
            transaction.serialise()
            yield connection, transaction


class MysqlMerge(RelationalMerge):
    """See migrator.contracts.Merge."""

    def __init__(self, connection: Connection, transaction: MysqlTransaction, run: str, triggers: Triggers) -> None:
        super().__init__(transaction, run, triggers)
        self._connection = connection

    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        yield from scan(Reader(self._connection), table, predicate, columns=columns)


def undo(address: Address, run: str, *, whole: bool, by: str) -> Undone:
    """See migrator.contracts.Target.undo."""
    with _transaction(address, run, by=by or run) as (connection, transaction):
        # nothing may cascade: every reference is looked at, before and after
        connection.execute("SET SESSION foreign_key_checks = 0")
        try:
            return relational.undo(transaction, run, whole=whole, by=by)
        finally:
            if not transaction.is_open:  # or dropping a table would commit it
                with suppress(Fault):  # it is taken back all the same: the next run sweeps
                    sweep(connection)


def settle(address: Address, by: str) -> None:
    """See migrator.contracts.Target.settle."""
    with _transaction(address, by) as (connection, transaction):
        relational_settle(transaction, by)
        with suppress(Fault):  # of journals, which go after a commit, a killed rollback may have left some
            sweep(connection)


def close(address: Address, run: str, *, by: str) -> Closed:
    """See migrator.contracts.Target.close."""
    with _transaction(address, run, by=by or run) as (_, transaction):
        return accepting.close(transaction, run, by=by)
