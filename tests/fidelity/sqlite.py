"""SQLite, asked by Python's own client."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from migrator.contracts import Source, Target
from storage.schema import Kind
from tests.fidelity.case import Case
from tests.fidelity.sqlite_cases import CASES
from tests.fidelity.variants import value


class SqliteDatabase:
    """A file of its own."""

    cases = CASES

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        self._connection.text_factory = bytes
        self._connection.execute("PRAGMA synchronous = OFF")

    @property
    def title(self) -> str:
        return f"SQLite {sqlite3.sqlite_version_info[0]}"

    def close(self) -> None:
        self._connection.close()

    def prepare(self) -> None:
        """SQLite knows no types but its own."""

    def create(self, table: str, cases: Sequence[Case]) -> None:
        columns = "".join(f", c{number} {case.native}" for number, case in enumerate(cases))
        self._connection.execute(f"CREATE TABLE {table} (n INTEGER PRIMARY KEY{columns}) {cases[0].options}")

    def insert(self, table: str, values: Sequence[tuple[int, int, str]]) -> None:
        for n, column, written in values:
            self._connection.execute(f"INSERT INTO {table} (n, c{column}) VALUES ({n}, {written})")

    def say(self, table: str, cases: Sequence[Case]) -> list[list[str | None]]:
        """The storage class and the value: reals with every digit, texts as their bytes."""
        pairs = ", ".join(f"typeof(c{number}), c{number}" for number in range(len(cases)))
        rows = self._connection.execute(f"SELECT {pairs} FROM {table} ORDER BY n").fetchall()
        columns = list(zip(*rows, strict=True))
        return [
            [None if value is None else f"{class_.decode()} {value!r}" for class_, value in zip(*pair, strict=True)]
            for pair in zip(columns[::2], columns[1::2], strict=True)
        ]

    def put(self, table: str, n: int, column: int, case: Case, kind: Kind, field: str) -> str:
        mark, bound = "?", _bound(kind, field)
        if isinstance(bound, tuple):
            (tag, bound) = bound
            mark = "CAST(? AS TEXT)" if tag == "t" else "?"
        try:
            self._connection.execute(f"UPDATE {table} SET c{column} = {mark} WHERE n = {n}", (bound,))
        except sqlite3.Error as error:
            return str(error)
        return ""

    def source(self) -> Source:
        from migrator.platforms.sqlite.source import SqliteSource

        return SqliteSource(f"sqlite:///{self._path}")

    def target(self) -> Target:
        from migrator.platforms.sqlite.target import SqliteTarget

        return SqliteTarget(f"sqlite:///{self._path}")


def _bound(kind: Kind, field: str) -> int | float | str | bytes | tuple[str, int | float | bytes]:
    if kind is Kind.VARIANT:
        return value(field)
    if kind is Kind.BINARY:
        return base64.b64decode(field)
    if kind is Kind.INTEGER:
        return int(field)
    return float(field) if kind is Kind.FLOAT else field
