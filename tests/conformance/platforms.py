"""What a driver brings to the conformance suites: a database made in its own dialect. SQLite's, the first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from migrator.contracts import Source, Target
from migrator.platforms.sqlite.source import SqliteSource
from migrator.platforms.sqlite.target import SqliteTarget
from storage.schema import Kind, Type
from storage.types import arrow_type

TEXT, INTEGER, VARIANT = Type(kind=Kind.TEXT), Type(kind=Kind.INTEGER), Type(kind=Kind.VARIANT)


class Platform(Protocol):
    """An empty database. DDL is standard SQL with `{words}` where dialects disagree."""

    words: Mapping[str, str]  # text, blob, real, serial (an integer primary key the platform fills)

    def run(self, script: str) -> None:
        """Statements on a connection of its own, committed; foreign keys are enforced."""
        ...

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None: ...

    def rows(self, query: str) -> list[tuple[Any, ...]]: ...

    def dump(self) -> dict[str, list[str]]:
        """Every row of every table and the catalog itself, this software's own tables included; sequences are not."""
        ...

    def source(self) -> Source: ...

    def target(self) -> Target: ...


class SqlitePlatform:
    words: Mapping[str, str] = {
        "text": "TEXT",
        "blob": "BLOB",
        "real": "REAL",
        "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
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


@dataclass(frozen=True)
class KeyList:
    """Keys held in memory (see migrator.contracts.Keys)."""

    types: tuple[Type, ...]
    keys: Sequence[tuple[Any, ...]]

    def batches(self) -> Iterable[pa.RecordBatch]:
        columns = list(zip(*self.keys, strict=True)) or [()] * len(self.types)
        arrays = [pa.array(column, arrow_type(type_)) for column, type_ in zip(columns, self.types, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, names=[f"k{i}" for i in range(len(arrays))])

    def __len__(self) -> int:
        return len(self.keys)


def integers(*keys: int) -> KeyList:
    return KeyList((INTEGER,), [(key,) for key in keys])


def texts(*keys: str) -> KeyList:
    return KeyList((TEXT,), [(key,) for key in keys])
