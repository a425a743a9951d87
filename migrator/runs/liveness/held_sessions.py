"""Locks as sessions of the catalog's PostgreSQL, each of a connection of its own: for many machines."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from migrator.runs.answering import AnsweringConnection
from migrator.runs.database import Database, open_database
from migrator.runs.liveness.holds import Holder
from storage.errors import MigratorError

_GIVE_BACK = text("SELECT pg_advisory_unlock_all()")
_NAME = "migrator run {}"
_CALL = text("SELECT set_config('application_name', :name, false)")
_TAKE = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
_HOLDING = """
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (classid::bigint << 32 | objid::bigint) = hashtextextended(:name, 0)
"""
_HOLDER = text(f"SELECT application_name {_HOLDING}")
_END = text(f"SELECT pg_terminate_backend(pid) {_HOLDING}")
_CALLED = "migrator "
_ANSWER_S = 5.0


class SessionHold:
    def __init__(self, database: Database, run_id: str, connection: Connection) -> None:
        self._database, self._run_id, self._connection = database, run_id, connection

    def is_kept(self) -> bool:
        try:
            self._connection.execute(text("SELECT 1"))
        except (DBAPIError, InvalidRequestError):  # the session is gone, and its lock with it; or was at the last try
            self.release()
            again = _taken(self._database, self._run_id)
            if again is None:
                return False
            self._connection = again
        return True

    def release(self) -> None:
        with suppress(DBAPIError, InvalidRequestError):
            self._connection.execute(_GIVE_BACK)  # the server may notice the end of a session a moment later
        with suppress(DBAPIError, InvalidRequestError):
            self._connection.close()


@dataclass(frozen=True, kw_only=True)
class SessionHolds:
    database: Database

    @classmethod
    def open(cls, url: str) -> SessionHolds:
        database = open_database(url)
        event.listen(database.engine, "connect", _waits_for_nobody)
        return cls(database=database)

    def take(self, run_id: str) -> SessionHold | None:
        connection = _taken(self.database, run_id)
        return SessionHold(self.database, run_id, connection) if connection is not None else None

    def holder(self, run_id: str) -> Holder | None:
        with self.database.transaction() as connection:
            called = connection.execute(_HOLDER, {"name": _NAME.format(run_id)}).scalar()
        return Holder.read(str(called).removeprefix(_CALLED)) if called is not None else None

    def end(self, run_id: str) -> None:
        """Its connection is closed by the server; what the holder records from then on is refused."""
        with suppress(MigratorError), self.database.transaction() as connection:
            connection.execute(_END, {"name": _NAME.format(run_id)})

    def close(self) -> None:
        self.database.close()


def _waits_for_nobody(connection: AnsweringConnection, _record: object) -> None:
    connection.answer_s = _ANSWER_S


def _taken(database: Database, run_id: str) -> Connection | None:
    """A connection that holds the lock for as long as it lives. Fault where the server cannot be reached."""
    try:
        connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            connection.detach()  # from the pool: what is closed is to be closed at the server, too
            connection.execute(_CALL, {"name": _CALLED + Holder.here().written})
            if connection.execute(_TAKE, {"name": _NAME.format(run_id)}).scalar():
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
    except DBAPIError as error:
        raise database.told(error, database.where) from error
    return None
