"""Taking a load back on SQLite: one writer, and no foreign key acts by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from migrator.contracts import Undone
from migrator.platforms.relational import undo as relational
from migrator.platforms.relational.undone import settle as relational_settle
from migrator.platforms.sqlite.connect import connect, translated
from migrator.platforms.sqlite.hashing import install
from migrator.platforms.sqlite.staging import sweep
from migrator.platforms.sqlite.transaction import SqliteTransaction


def undo(target: Path, run: str, *, whole: bool, by: str) -> Undone:
    """See migrator.contracts.Target.undo."""
    with _transaction(target) as transaction:
        undone = relational.undo(transaction, run, whole=whole, by=by)
        sweep(target)
        return undone


def settle(target: Path, by: str) -> None:
    """See migrator.contracts.Target.settle."""
    with _transaction(target) as transaction:
        relational_settle(transaction, by)


@contextmanager
def _transaction(target: Path) -> Iterator[SqliteTransaction]:
    """What is not committed in it is rolled back."""
    with translated(target), closing(connect(target, mode="rw")) as connection:
        install(connection)
        # nothing may cascade: every reference is looked at, before and after
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield SqliteTransaction(connection)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
