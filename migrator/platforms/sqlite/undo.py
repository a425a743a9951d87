"""Taking a load back on SQLite: one writer, and no foreign key acts by itself."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from migrator.contracts import Undone
from migrator.platforms.relational import undo as relational
from migrator.platforms.sqlite.connect import connect, translated
from migrator.platforms.sqlite.hashing import install
from migrator.platforms.sqlite.staging import sweep
from migrator.platforms.sqlite.transaction import SqliteTransaction


def undo(target: Path, run: str, *, whole: bool) -> Undone:
    """See migrator.contracts.Target.undo."""
    with translated(target), closing(connect(target, mode="rw")) as connection:
        install(connection)
        # nothing may cascade: every reference is looked at, before and after
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN IMMEDIATE")
        try:
            undone = relational.undo(SqliteTransaction(connection), run, whole=whole)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        sweep(target)
        return undone
