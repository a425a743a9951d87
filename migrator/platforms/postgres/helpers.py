"""The sessions of processes that help a run to stage a table: called after both, so that who takes it over ends them.

A helper has its sessions before it asks whether the table is still its own to stage, and opens none after that which
writes. So whoever has taken the table over, and then ends them, knows that nobody else writes to it.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace

import psycopg

from migrator.platforms.postgres.connect import LOADING, Session
from storage.errors import TransientFault

_PATIENCE_S = 30.0
_LOOK_S = 0.02
_END = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid() AND application_name ^@ %s
"""
_PERFORMED = """
SELECT a.usename = current_user FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND a.datname = current_database()
    AND l.database = a.datid AND ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended(%s, 0)
"""


def of_helper(schema: str, table: str) -> Session:
    """How who helps with this table of the staging in this schema behaves."""
    return replace(LOADING, extra={**LOADING.extra, "application_name": _called(schema, table)})


def end_helpers(connection: psycopg.Connection, schema: str, table: str = "") -> None:
    """Nobody who helped with this table, or with any, has a session any more. TransientFault where one stays."""
    end = time.monotonic() + _PATIENCE_S
    while connection.execute(_END.encode(), (_called(schema, table),)).fetchall():
        if time.monotonic() > end:
            raise TransientFault(
                "the session of a worker that helped does not end",
                where=table or schema,
                next="wait until the server has ended it, then repeat",
            )
        time.sleep(_LOOK_S)


def is_performed(connection: psycopg.Connection, schema: str) -> bool:
    """Whether somebody has this staging open, and as the same user: nobody else could end a helper that hangs."""
    return (True,) in connection.execute(_PERFORMED.encode(), (schema,)).fetchall()


def _called(schema: str, table: str) -> str:
    return f"migrator helps {_short(schema)} {_short(table) if table else ''}"


def _short(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]
