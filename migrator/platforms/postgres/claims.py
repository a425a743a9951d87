"""The tables that one run has for itself: advisory locks of a session that does nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg

from migrator.platforms.postgres.connect import LOADING, connect, end_sessions, of_run, place, translated
from migrator.platforms.postgres.transaction import live_name
from storage.schema import Table

_KEY = "SELECT hashtextextended('migrator claim ' || to_regclass(%s)::oid, 0)"
_HOLDER = """
SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND a.datname = current_database()
    AND l.database = a.datid AND ((l.classid::bigint << 32) | l.objid::bigint) = %s
"""


class PostgresClaims:
    """See migrator.contracts.Claims."""

    def __init__(self, connection: psycopg.Connection, where: str) -> None:
        self._connection = connection
        self._where = where

    def take(self, tables: Sequence[Table]) -> str:
        with translated(self._where):
            taken: list[int] = []
            for key in sorted({key for table in tables if (key := self._key(table)) is not None}):
                if not self._asked("SELECT pg_try_advisory_lock(%s)", key):
                    for other in taken:
                        self._asked("SELECT pg_advisory_unlock(%s)", other)
                    return self._holder(key)
                taken.append(key)
        return ""

    def require(self) -> None:
        with translated(self._where):
            self._connection.execute("SELECT 1")

    def _key(self, table: Table) -> int | None:
        """The same by whatever name and role the table is reached; None where it is not there."""
        key: int | None = self._asked(_KEY, live_name(table))
        return key

    def _holder(self, key: int) -> str:
        name = str(self._asked(_HOLDER, key) or "")
        if name == self._asked("SELECT current_setting(%s)", "application_name"):
            end_sessions(self._connection, name)
        return name.replace("migrator ", "run ", 1) or "another run"

    def _asked(self, query: str, value: object) -> Any:
        row = self._connection.execute(query.encode(), (value,)).fetchone()
        return row[0] if row else None


@contextmanager
def claims(url: str, run: str) -> Iterator[PostgresClaims]:
    """See migrator.contracts.Target.claims: the session says whose it is, and its locks go with it."""
    with closing(connect(url, of_run(LOADING, run))) as connection:
        try:
            yield PostgresClaims(connection, place(url))
        finally:
            with suppress(psycopg.OperationalError):  # the connection is lost, and the locks with it
                connection.execute("SELECT pg_advisory_unlock_all()")  # a server hears late that somebody has gone
