"""Accepting a load for good on SQLite."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from migrator.contracts import Closed
from migrator.platforms.relational import closing as relational
from migrator.platforms.sqlite.connect import connect, translated
from migrator.platforms.sqlite.transaction import SqliteTransaction


def close(target: Path, run: str, *, by: str) -> Closed:
    """See migrator.contracts.Target.close."""
    with translated(target), closing(connect(target, mode="rw")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            return relational.close(SqliteTransaction(connection), run, by=by)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
