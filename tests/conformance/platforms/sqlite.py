"""SQLite: a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from migrator.platforms.sqlite.source import SqliteSource
from migrator.platforms.sqlite.target import SqliteTarget
from tests.conformance.platforms.platform import asides


class SqlitePlatform:
    words: Mapping[str, object] = {
        "text": "TEXT",
        "blob": "BLOB",
        "real": "REAL",
        "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "nowhere": "sqlite:///no/such/file.db",
        **asides("sqlite"),
    }

    def __init__(self, path: Path, journal_mode: str = "wal") -> None:
        self.path = path
        self.run(f"PRAGMA journal_mode = {journal_mode}; CREATE TABLE z (i); DROP TABLE z;")

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def run(self, script: str) -> None:
        with closing(self.connect()) as connection:
            connection.executescript(script.format(**self.words))

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        rows = list(rows)
        if not rows:
            return
        marks = ", ".join("?" * len(rows[0]))
        with closing(self.connect()) as connection, connection:
            connection.execute("BEGIN")
            connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as connection:
            return connection.execute(query).fetchall()

    def dump(self) -> dict[str, list[str]]:
        catalog = self.rows("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
        tables = [name for kind, name, *_ in catalog if kind == "table" and name != "sqlite_sequence"]
        with closing(self.connect()) as connection:
            connection.text_factory = bytes
            found = {name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"'))) for name in tables}
        return {"": list(map(repr, catalog)), **found}

    def source(self) -> SqliteSource:
        return SqliteSource(self.url)

    def target(self) -> SqliteTarget:
        return SqliteTarget(self.url)
