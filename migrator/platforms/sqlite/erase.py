"""What a rebuilding made goes away again: the file, unless somebody made something of their own in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from migrator.platforms.relational.sqltext import quoted
from migrator.platforms.sqlite.connect import connect, translated
from migrator.platforms.sqlite.empty import remove
from storage.schema import Table


def erase(path: Path, tables: Sequence[Table]) -> None:
    """See migrator.contracts.Target. An empty file that was there before goes away, too."""
    with translated(path):
        with closing(connect(path, mode="rw")) as connection:
            is_ours = not _others(connection, tables)
            if not is_ours:
                _drop(connection, tables)
        if is_ours:
            remove(path)


def _others(connection: sqlite3.Connection, tables: Sequence[Table]) -> list[str]:
    """What belongs to none of these tables; SQLite's own tables belong to the file."""
    ours = {table.name for table in tables}
    query = "SELECT name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite~_%' ESCAPE '~'"
    return [name for name, table in connection.execute(query) if table not in ours]


def _drop(connection: sqlite3.Connection, tables: Sequence[Table]) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN IMMEDIATE")
    for table in tables:
        connection.execute(f"DROP TABLE IF EXISTS main.{quoted(table.name)}")
    connection.execute("COMMIT")
