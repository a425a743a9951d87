"""Named locks of a session: which run is being staged, whose tables are, and that one load at a time changes them."""

from __future__ import annotations

from contextlib import suppress

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.relational.sqltext import literal
from migrator.platforms.relational.transaction import shortened
from storage.errors import MigratorError
from storage.schema import Table


def staging_lock(connection: Connection, run: str) -> str:
    """The lock, as a literal, that whoever stages this run holds."""
    return literal(shortened(f"migrator:{connection.database}:{run.lower()}"))  # a table's name may have lost its case


def merge_lock(connection: Connection) -> str:
    """The lock, as a literal, that whoever merges into this database or takes a load back holds."""
    return literal(shortened(f"migrator {connection.database}"))


def claim_lock(connection: Connection, table: Table) -> str:
    """The lock, as a literal, of the run that has this table for itself."""
    return literal(shortened(f"migrator claim {connection.database}.{table.name}".lower()))


def helper_locks(connection: Connection, stage: str) -> tuple[str, str]:
    """The locks, as literals, of who fills this table of a staging for another process, and reads it again."""
    filling, reading = (f"migrator {what} {connection.database}.{stage}".lower() for what in ("helps", "compares"))
    return literal(shortened(filling)), literal(shortened(reading))


def attempt_locks(connection: Connection, run: str) -> tuple[str, str]:
    """The locks, as literals, of who has tables for this run, and of who merges, takes back or closes in its name: they
    only tell whose sessions these are."""
    names = (f"migrator {what} {connection.database}:{run.lower()}" for what in ("claims", "merge"))
    claiming, merging = (literal(shortened(name)) for name in names)
    return claiming, merging


def holder_of(connection: Connection, lock: str) -> str:
    """The number of the session that has the lock; empty where none has."""
    return connection.text(f"SELECT coalesce(IS_USED_LOCK({lock}), '')")


def end_holder(connection: Connection, lock: str) -> str:
    """End the session that has the lock, as far as this user may; its number, empty where none had it.

    The lock is free once the server has taken back what that session had not committed.
    """
    if holder := holder_of(connection, lock):
        with suppress(MigratorError):  # it has ended meanwhile
            connection.execute(f"KILL {holder}")
    return holder


def taken(connection: Connection, lock: str, *, patience_s: int = 0) -> bool:
    """Whether this session has the lock now; it goes with the session."""
    return connection.text(f"SELECT GET_LOCK({lock}, {patience_s})") == "1"


def wrested(connection: Connection, lock: str, *, patience_s: int) -> bool:
    """Whether this session has the lock now; whoever had it is ended."""
    if taken(connection, lock):
        return True
    end_holder(connection, lock)
    return taken(connection, lock, patience_s=patience_s)


def give_back(connection: Connection, lock: str) -> None:
    connection.rows(f"SELECT RELEASE_LOCK({lock})")
