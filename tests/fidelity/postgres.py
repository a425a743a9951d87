"""PostgreSQL, asked by psycopg."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import psycopg

from migrator.contracts import Source, Target
from storage.schema import Kind
from tests.fidelity.case import Case
from tests.fidelity.postgres_cases import CASES, SETUP

_SESSION = "SET TimeZone = 'UTC'; SET lc_monetary = 'C'; SET xmloption = 'content'"


class PostgresDatabase:
    """An empty database, which its administrator has given the extensions of the cases."""

    cases = CASES

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute(_SESSION.encode())

    @property
    def title(self) -> str:
        return f"PostgreSQL {self._connection.info.server_version // 10_000}"

    def close(self) -> None:
        self._connection.close()

    def prepare(self) -> None:
        self._connection.execute(SETUP.encode())

    def create(self, table: str, cases: Sequence[Case]) -> None:
        # a domain may have a default of its own
        columns = "".join(f", c{number} {case.native} DEFAULT NULL" for number, case in enumerate(cases))
        self._connection.execute(f"CREATE TABLE {table} (n int PRIMARY KEY{columns})".encode())

    def insert(self, table: str, values: Sequence[tuple[int, int, str]]) -> None:
        with self._connection.transaction():
            for n, column, value in values:
                self._connection.execute(f"INSERT INTO {table} (n, c{column}) VALUES ({n}, {value})".encode())

    def say(self, table: str, cases: Sequence[Case]) -> list[list[str | None]]:
        """By the types' own output functions: a cast to text would cut blanks off a character(n)."""
        texts = ", ".join(
            f"CASE num_nulls(c{number}) WHEN 0 THEN format('%s', c{number}) END" for number in range(len(cases))
        )
        rows = self._connection.execute(f"SELECT {texts} FROM {table} ORDER BY n".encode()).fetchall()
        return [list(column) for column in zip(*rows, strict=True)]

    def put(self, table: str, n: int, column: int, case: Case, kind: Kind, field: str) -> str:
        value: str | bytes = base64.b64decode(field) if kind is Kind.BINARY else field
        try:
            self._connection.execute(f"UPDATE {table} SET c{column} = %s WHERE n = {n}".encode(), (value,))
        except psycopg.Error as error:
            return str(error.diag.message_primary)
        return ""

    def source(self) -> Source:
        from migrator.platforms.postgres.source import PostgresSource

        return PostgresSource(self._url)

    def target(self) -> Target:
        from migrator.platforms.postgres.target import PostgresTarget

        return PostgresTarget(self._url)
