"""How each dialect takes a view that stands still while others write, without holding them up.

The names of isolation levels do not tell: SERIALIZABLE is a snapshot on Oracle, and locks on SQL Server and Firebird.
So the dialects that have one are listed, and any other is refused: two instants never mix in an archive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from migrator.contracts import Fence, ReadLimits
from migrator.platforms.sql.connect import Address
from storage import moment
from storage.errors import Misuse, Red


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """`isolation` as a person reads it; `begin` starts the transaction; `view` asks what identifies it."""

    isolation: str
    begin: Callable[[sa.Connection], None]
    view: str
    timeout: str | None = None  # the statement that gives up what takes longer, in {seconds} or {milliseconds}


def _level(name: str) -> Callable[[sa.Connection], None]:
    def begin(connection: sa.Connection) -> None:
        connection.execution_options(isolation_level=name)

    return begin


def _begin_firebird(connection: sa.Connection) -> None:
    # the dialect's own isolation levels fail on the current driver, and say nothing of read only
    from firebird.driver import Isolation, TraAccessMode, tpb  # type: ignore[import-untyped]

    view = tpb(Isolation.SNAPSHOT, access_mode=TraAccessMode.READ)
    connection.connection.dbapi_connection.begin(view)  # type: ignore[union-attr]


SNAPSHOTS: dict[str, Snapshot] = {
    "firebird": Snapshot(
        isolation="snapshot, read only", begin=_begin_firebird, view="SELECT CURRENT_TRANSACTION FROM rdb$database"
    ),
    "oracle": Snapshot(
        isolation="serializable",
        begin=_level("SERIALIZABLE"),
        view="SELECT TO_CHAR(SYSTIMESTAMP AT TIME ZONE 'UTC') FROM dual",
    ),
    "mssql": Snapshot(isolation="snapshot", begin=_level("SNAPSHOT"), view="SELECT CURRENT_TRANSACTION_ID()"),
    "postgresql": Snapshot(
        isolation="repeatable read",
        begin=_level("REPEATABLE READ"),
        view="SELECT CAST(pg_current_snapshot() AS text)",
        timeout="SET LOCAL statement_timeout = {milliseconds}",
    ),
    "cockroachdb": Snapshot(
        isolation="serializable",
        begin=_level("SERIALIZABLE"),
        view="SELECT CAST(cluster_logical_timestamp() AS text)",
        timeout="SET LOCAL statement_timeout = {milliseconds}",
    ),
}


def snapshot_of(address: Address) -> Snapshot:
    """How this dialect takes a consistent view; Red where it is not known to have one."""
    found = SNAPSHOTS.get(address.dialect)
    if found is None:
        raise Red(
            f"no way is known to read {address.dialect} as of one moment without holding up those who write",
            where=str(address),
            next=f"load a backup into a database that has one ({', '.join(SNAPSHOTS)}) and read that",
        )
    return found


def take(connection: sa.Connection, address: Address, limits: ReadLimits) -> Fence:
    """Begin the one transaction that everything is read in."""
    snapshot = snapshot_of(address)
    snapshot.begin(connection)
    if limits.statement_timeout_s is not None:
        connection.exec_driver_sql(_timeout(snapshot, address, limits.statement_timeout_s))
    # on most platforms the view is taken by the first statement, not by the beginning
    token = connection.exec_driver_sql(snapshot.view).scalar()
    return Fence(
        kind=f"{address.dialect}-transaction",
        token=str(token),
        taken_at=moment.now("microseconds"),
        isolation=snapshot.isolation,
    )


def _timeout(snapshot: Snapshot, address: Address, seconds: int) -> str:
    if snapshot.timeout is None:
        raise Misuse(
            f"no way is known to bound the time of a statement on {address.dialect}",
            where="source.statement_timeout_s",
            next="leave it out of the plan, or bound it for the user in the database",
        )
    return snapshot.timeout.format(seconds=seconds, milliseconds=seconds * 1000)
