"""MariaDB, asked by PyMySQL."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pymysql

from migrator.contracts import Source, Target
from migrator.platforms.relational.sqltext import literal
from storage.schema import Kind
from tests.conformance.platforms import MysqlPlatform
from tests.fidelity.case import Case
from tests.fidelity.mysql_cases import CASES
from tests.fidelity.variants import raw

_SESSION = (
    "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'",
    "SET time_zone = '+00:00', check_constraint_checks = 1",
)


class MysqlDatabase:
    """An empty database; its sessions take zero and partial dates, as those of old applications do."""

    cases = CASES

    def __init__(self, url: str) -> None:
        self._platform = MysqlPlatform(url)
        self._connection = self._platform.connect()
        for statement in _SESSION:
            self._run(statement)

    @property
    def title(self) -> str:
        ((version,),) = self._platform.rows("SELECT VERSION()")
        return f"MariaDB {'.'.join(version.split('.')[:2])}"

    def close(self) -> None:
        self._connection.close()

    def prepare(self) -> None:
        """MariaDB knows no types but its own."""

    def create(self, table: str, cases: Sequence[Case]) -> None:
        columns = "".join(f", c{number} {_nullable(case.native)}" for number, case in enumerate(cases))
        self._run(f"CREATE TABLE {table} (n INT PRIMARY KEY{columns}) ROW_FORMAT = DYNAMIC")

    def insert(self, table: str, values: Sequence[tuple[int, int, str]]) -> None:
        self._connection.begin()
        for n, column, value in values:
            self._run(f"INSERT INTO {table} (n, c{column}) VALUES ({n}, {value})")
        self._connection.commit()

    def say(self, table: str, cases: Sequence[Case]) -> list[list[str | None]]:
        """The stored bytes, and beside them a number's every digit and an enumeration's place."""
        texts = ", ".join(_said(f"c{number}", case.native) for number, case in enumerate(cases))
        return [list(column) for column in zip(*self._run(f"SELECT {texts} FROM {table} ORDER BY n"), strict=True)]

    def put(self, table: str, n: int, column: int, case: Case, kind: Kind, field: str) -> str:
        try:
            self._run(f"UPDATE {table} SET c{column} = {_written(kind, field)} WHERE n = {n}")
        except pymysql.MySQLError as error:
            return str(error.args[-1])
        return ""

    def source(self) -> Source:
        return self._platform.source()

    def target(self) -> Target:
        return self._platform.target()

    def _run(self, statement: str) -> Sequence[tuple[Any, ...]]:
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(statement)
            return cursor.fetchall()


def _nullable(native: str) -> str:
    """A TIMESTAMP is NOT NULL unless it is told otherwise."""
    return f"{native} NULL"


def _said(name: str, native: str) -> str:
    beside = ""
    if re.match("FLOAT|DOUBLE", native):
        beside = f", '=', {name} * 1e0"
    elif re.match("ENUM|SET|BIT", native):
        beside = f", '=', {name} + 0"
    return f"IF({name} IS NULL, NULL, CONCAT(HEX(CAST({name} AS BINARY)){beside}))"


def _written(kind: Kind, field: str) -> str:
    """An archived field as a literal of this server."""
    if kind is Kind.BINARY:
        return f"X'{base64.b64decode(field).hex()}'"
    if kind is Kind.VARIANT:
        return f"CAST(X'{raw(field).hex()}' AS CHAR CHARACTER SET utf8mb4)"
    if kind in (Kind.INTEGER, Kind.DECIMAL):
        return field
    return literal(field.removesuffix("Z") if kind is Kind.TIMESTAMPTZ else field)
