"""The one transaction in which a database is rebuilt, on the one connection that also takes the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_manager.dbapi import Connection as ArrowConnection

from migrator.platforms.postgres.connect import LOADING, connect_arrow, place, sentence, translated
from storage.errors import Red

_PERMISSION = "42501"
"""By whoever pressed Ctrl-C: while a statement runs, ADBC hears it instead of us. No time limits this session."""
_CANNOT = ("0A", "22", "2B", "3F", "42", "55000")
"""How SQLSTATEs begin that say: what is described cannot be made here."""


class RebuildTransaction:
    """Statements, one at a time: the protocol they go by takes no second one behind a semicolon."""

    def __init__(self, connection: ArrowConnection, where: str) -> None:
        self._connection = connection
        self._where = where
        self._is_over = False

    def begin(self) -> None:
        self.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        self.execute("SET LOCAL client_min_messages = error")  # libpq writes notices to stderr

    def commit(self) -> None:
        self.execute("COMMIT")
        self._is_over = True

    def roll_back(self) -> None:
        """Unless it is committed; a lost connection has done so by itself."""
        if not self._is_over:
            with suppress(adbc_driver_manager.Error), self._connection.cursor() as cursor:
                cursor.execute("ROLLBACK")

    def execute(self, statement: str, where: str = "") -> None:
        """Red where the server cannot have what the statement makes; `where` says of what in the archive it is."""
        with self._named(where), self._connection.cursor() as cursor:
            cursor.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query whose result is known to be short."""
        with self._named(""), self._connection.cursor() as cursor:
            cursor.execute(query)
            return [tuple(row) for row in cursor.fetchall()]

    def attempt(self, statement: str, where: str) -> Red | None:
        """Execute it; where the server refuses, the transaction goes on without, and the refusal is the answer."""
        self.execute("SAVEPOINT attempt")
        try:
            self.execute(statement, where)
        except Red as refusal:
            self.execute("ROLLBACK TO SAVEPOINT attempt")
            return refusal
        self.execute("RELEASE SAVEPOINT attempt")
        return None

    def copy(self, schema: str, table: str, reader: pa.RecordBatchReader, where: str) -> None:
        """Binary COPY into a table whose columns have exactly the types of these arrays."""
        with self._named(where), self._connection.cursor() as cursor:
            cursor.adbc_ingest(table, reader, mode="append", db_schema_name=schema)

    @contextmanager
    def _named(self, where: str) -> Iterator[None]:
        with translated(where or self._where):
            try:
                yield
            except adbc_driver_manager.Error as error:
                state = error.sqlstate or ""
                if state == _PERMISSION or not state.startswith(_CANNOT):
                    raise
                raise Red(
                    f"this server cannot have what the archive describes: {sentence(str(error))}",
                    where=where or self._where,
                    next="see the message; nothing was kept",
                ) from error


@contextmanager
def rebuild_transaction(url: str) -> Iterator[RebuildTransaction]:
    """Rolled back at the end and when this process dies, unless it was committed."""
    where = place(url)
    with closing(connect_arrow(url, LOADING)) as connection:
        transaction = RebuildTransaction(connection, where)
        transaction.begin()
        try:
            yield transaction
        finally:
            transaction.roll_back()


def violated(refusal: Red, states: Sequence[str] = ("23503", "23514")) -> bool:
    """Whether it is the rows that are against it: those a foreign key or a check refuses."""
    return getattr(refusal.__cause__, "sqlstate", None) in states
