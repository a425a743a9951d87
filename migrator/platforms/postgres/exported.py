"""An exported snapshot, whoever holds it, and how to be sure that what is joined is that very one.

Its name alone says nothing: after a restart of the server somebody else's may be called the same. So whoever joins sees
to it that the holder still is in the transaction that exported it, and that both see the same transactions.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Self

import psycopg
from psycopg import sql

from migrator.contracts import Fence
from migrator.platforms.postgres.connect import Session, translated
from migrator.platforms.relational.sqltext import literal
from storage.described import built
from storage.errors import FenceLost

BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

NOTICED = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""Settings by which a server ends a session whose machine is gone within a minute, and the snapshot with it."""

KEEPER = "migrator keeper"
"""What the session of a keeper is called."""

HOLDING = Session(
    read_only=True,
    extra={"application_name": KEEPER, "idle_in_transaction_session_timeout": "60s", **NOTICED},
)
"""How a snapshot is held for others: by somebody who asks every now and then whether they are there."""

_OWN = """
SELECT pg_export_snapshot(), pid, backend_start || ' ' || xact_start, txid_current_snapshot()::text
FROM pg_stat_activity WHERE pid = pg_backend_pid()
"""
_JOINED = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND pid <> pg_backend_pid()"
_END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s AND backend_start || ' ' || xact_start = %s"
)
_GONE = ("22023", "55000", "0A000")  # no such snapshot; its transaction is over; it is of another database


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What tells a snapshot from all others: its name, its holder's transaction, and what can be seen in it."""

    token: str
    pid: int
    since: str  # when the holder's session and its transaction began
    visible: str

    @classmethod
    def by(cls, connection: psycopg.Connection) -> Self:
        """The snapshot of the connection's transaction, exported."""
        row = connection.execute(_OWN).fetchone()
        assert row
        token, pid, since, visible = row
        return cls(token=token, pid=pid, since=since, visible=visible)

    @classmethod
    def of(cls, fence: Fence) -> Self:
        """What a handle stands for. FenceLost where it is none."""
        try:
            return built(cls, json.loads(fence.handle or ""), "handle")
        except ValueError as error:
            raise lost(fence) from error

    @property
    def handle(self) -> str:
        return json.dumps(asdict(self))

    @property
    def is_seen(self) -> str:
        """A condition: the transaction that asks sees this snapshot, and the holder has held it all the time."""
        holder = f"pid = {self.pid} AND backend_start || ' ' || xact_start = {literal(self.since)}"
        is_held = f"EXISTS (SELECT FROM pg_stat_activity WHERE {holder})"
        return f"txid_current_snapshot()::text = {literal(self.visible)} AND {is_held}"


def join(connection: psycopg.Connection, fence: Fence) -> Exported:
    """Begin a transaction in the fence's snapshot, and export it once more. FenceLost where it is not to be had."""
    theirs = Exported.of(fence)
    connection.execute(BEGIN)
    try:
        connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(theirs.token)))
    except psycopg.Error as error:
        if error.sqlstate in _GONE:
            raise lost(fence) from error
        raise
    seen = connection.execute(f"SELECT {theirs.is_seen}".encode()).fetchone()
    if seen != (True,):
        raise lost(fence)
    return Exported.by(connection)


def release(connection: psycopg.Connection, fence: Fence) -> None:
    """End the holder's session, if it still is in that transaction."""
    held = Exported.of(fence)
    connection.execute(_END, (held.pid, held.since))


def told_by(fence: Fence) -> str:
    """How sessions are called that read in this fence, so that its holders see them."""
    return f"migrator {fence.token}"


def call(connection: psycopg.Connection, name: str) -> None:
    connection.execute("SELECT set_config('application_name', %s, false)", (name,))


def lost(fence: Fence) -> FenceLost:
    return FenceLost(
        "nobody holds the point in time any more that was read before",
        where=f"{fence.kind} {fence.token}",
        next="take another snapshot: it reads everything at a point in time of its own",
    )


class HeldSnapshot:
    """See migrator.contracts.Held."""

    def __init__(self, connection: psycopg.Connection, fence: Fence, held: Exported) -> None:
        self.fence = replace(fence, handle=held.handle)
        self._connection = connection

    def is_joined(self) -> bool:
        with translated(f"{self.fence.kind} {self.fence.token}"):
            self._connection.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees the sessions it saw before
            row = self._connection.execute(_JOINED, (told_by(self.fence),)).fetchone()
        return row is not None and row[0] > 0
