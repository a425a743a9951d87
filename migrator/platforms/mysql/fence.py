"""One point in time for one connection or several."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.contracts import Fence
from migrator.platforms.mysql.connect import Connection
from migrator.platforms.relational.sqltext import literal
from storage import moment
from storage.errors import Fault

_BEGIN = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
_LOCK_WAIT_S = 5


def fenced(connections: Sequence[Connection]) -> Fence:
    """Begin the transactions all of which see the same rows, and say where that is."""
    for connection in connections:
        connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    first = connections[0]
    if len(connections) > 1:
        position = _begin_together(connections)
    else:
        first.execute(_BEGIN)
        position = _own_position(first)
    return Fence(
        kind="mysql-consistent-snapshot",
        token=f"connection {first.text('SELECT CONNECTION_ID()')} of server {first.text('SELECT @@server_id')}",
        taken_at=moment.now("microseconds"),
        isolation="repeatable read, read only",
        position=position,
        readers=len(connections),
    )


def _begin_together(connections: Sequence[Connection]) -> str | None:
    """Writers wait while the transactions begin, a fraction of a second; and not at all for who does not get to it."""
    first = connections[0]
    first.execute(f"SET SESSION lock_wait_timeout = {_LOCK_WAIT_S}")
    try:
        first.execute("FLUSH TABLES WITH READ LOCK")
    except Fault as error:
        raise type(error)(
            f"the brief lock that {len(connections)} readers need was not given: {error.what}",
            where=error.where,
            next="GRANT RELOAD ON *.* to this user and repeat when no long statement runs, or set max_connections: 1",
        ) from error
    try:
        for connection in connections:
            connection.execute(_BEGIN)
        return _own_position(first) or _last_position(first)
    finally:
        first.execute("UNLOCK TABLES")


def _own_position(connection: Connection) -> str | None:
    """MariaDB says where in its log the transaction's own snapshot is, to anybody."""
    found = {(name or "").lower(): value for name, value in connection.texts("SHOW STATUS LIKE 'binlog_snapshot_%'")}
    file, offset = found.get("binlog_snapshot_file"), found.get("binlog_snapshot_position")
    if not file or not offset:
        return None
    identifier = connection.text(f"SELECT BINLOG_GTID_POS({literal(file)}, {int(offset)})")
    return f"{file}:{offset}" + (f" gtid {identifier}" if identifier else "")


def _last_position(connection: Connection) -> str | None:
    """Where the log ends now: the snapshots' place only while the lock holds everybody else."""
    status = "BINARY LOG STATUS" if connection.release >= (8, 4) and not connection.is_mariadb else "MASTER STATUS"
    try:
        rows = connection.texts(f"SHOW {status}")
    except Fault:
        return None  # may not be asked without a privilege of its own, and the snapshot does not need it
    return f"{rows[0][0]}:{rows[0][1]}" if rows else None
