"""What a careful person looks at before a MariaDB or MySQL database is read or written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migrator.contracts import Examination, Finding, ReadLimits, TableSize
from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.describe import TRANSACTIONAL, describe, engines, sees_all
from migrator.platforms.mysql.grants import LOAD, granting, has_global, lacking
from migrator.platforms.mysql.owned import is_ours
from migrator.platforms.mysql.words import ticked
from migrator.platforms.relational.sqltext import literal, quoted
from storage.errors import Fault

_SIZES = """
SELECT table_name, table_rows, data_length + index_length FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY table_name
"""
_TRIGGERS = "SELECT count(*) FROM information_schema.triggers WHERE event_object_schema = DATABASE()"
_OLDEST_MARIADB, _OLDEST_MYSQL = (10, 5), (8, 0)


def examine_source(connection: Connection, limits: ReadLimits) -> Examination:
    """Version, rights, engines and triggers; sizes are the server's estimates."""
    user, kept = _user(connection), _kept(connection)
    findings = (
        _version(connection),
        *_grants(connection, kept, limits),
        *_engines(kept),
        *_triggers(connection),
    )
    return _examination(connection, user, kept, findings, _script(connection, user, limits))


def examine_target(connection: Connection, tables: Sequence[str]) -> Examination:
    """Version, rights, whether the server takes writes and files, and the engines and neighbours of these tables."""
    user, kept = _user(connection), _kept(connection)
    findings = (
        _version(connection),
        _may_load(connection),
        *_writable(connection),
        _bulk(connection),
        *_unsafe(kept, tables),
        *_neighbours(connection, tables),
    )
    return _examination(connection, user, kept, findings, granting(connection, user, LOAD))


def _examination(
    connection: Connection, user: str, kept: Mapping[str, str], findings: tuple[Finding, ...], grants: str
) -> Examination:
    return Examination(
        version=connection.version,
        user=user,
        clock=connection.text("SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ')"),
        findings=findings,
        sizes=tuple(
            TableSize(table=name or "", rows=int(rows or 0), bytes=int(size or 0))
            for name, rows, size in connection.texts(_SIZES)
            if name in kept
        ),
        grants=grants,
    )


def _user(connection: Connection) -> str:
    return connection.text("SELECT CURRENT_USER()")


def _kept(connection: Connection) -> dict[str, str]:
    """The engine of every table that is somebody's data."""
    return {name: engine for name, engine in engines(connection).items() if not is_ours(name)}


def _version(connection: Connection) -> Finding:
    oldest = _OLDEST_MARIADB if connection.is_mariadb else _OLDEST_MYSQL
    is_known = connection.release >= oldest
    return Finding(
        what="version",
        verdict="ok" if is_known else "red",
        found=connection.version,
        next="" if is_known else f"upgrade, or read a replica of version {oldest[0]}.{oldest[1]} or later",
    )


def _grants(connection: Connection, kept: Mapping[str, str], limits: ReadLimits) -> Iterator[Finding]:
    denied = [name for name in kept if not _may_read(connection, name)]
    if not sees_all(connection):
        yield Finding(
            what="grants",
            verdict="red",
            found="SELECT is granted table by table: a table without it cannot even be seen, and would be left out",
            next="run the grants script as an administrator",
        )
    yield Finding(
        what="grants",
        verdict="red" if denied else "ok",
        found=f"no SELECT on {', '.join(denied[:5])}" if denied else f"SELECT on all {len(kept)} tables it can see",
        next="run the grants script as an administrator" if denied else "",
    )
    if _needs_lock(limits):
        may_lock = has_global(connection, "RELOAD")
        yield Finding(
            what="brief lock",
            verdict="ok" if may_lock else "red",
            found="RELOAD is granted" if may_lock else f"{limits.max_connections} readers need RELOAD to meet",
            next="" if may_lock else "run the grants script as an administrator, or set max_connections: 1",
        )


def _may_read(connection: Connection, name: str) -> bool:
    try:
        connection.rows(f"SELECT * FROM {quoted(name)} LIMIT 0")
    except Fault:
        return False
    return True


def _engines(kept: Mapping[str, str]) -> Iterator[Finding]:
    for name, engine in kept.items():
        if engine not in TRANSACTIONAL:
            yield Finding(
                what="engine",
                verdict="red",
                found=f"{engine} knows no transactions: it has no consistent snapshot",
                where=name,
                next=f"ALTER TABLE {ticked(name)} ENGINE = InnoDB, or name it under scope.excluded with a reason",
            )


def _triggers(connection: Connection) -> Iterator[Finding]:
    count = int(connection.text(_TRIGGERS) or 0)
    if count:
        yield Finding(what="triggers", verdict="ok", found=f"{count} triggers: reading fires none of them")


# ── a target ────────────────────────────────────────────────────────────────────────────────────────────────
def _may_load(connection: Connection) -> Finding:
    missing = lacking(connection, LOAD)
    return Finding(
        what="grants",
        verdict="red" if missing else "ok",
        found=f"no {', '.join(missing)} on the whole database" if missing else f"{', '.join(LOAD)} on the database",
        next="run the grants script as an administrator" if missing else "",
    )


def _writable(connection: Connection) -> Iterator[Finding]:
    is_read_only = connection.text("SELECT @@global.read_only") not in ("0", "OFF")
    if is_read_only and not has_global(connection, "SUPER", "READ ONLY ADMIN"):
        yield Finding(
            what="writable",
            verdict="red",
            found="the server is read-only, a replica perhaps",
            next="name the primary server in target.url",
        )
    if connection.text("SELECT IF(@@log_bin, @@session.binlog_format, '')") == "STATEMENT":
        yield Finding(
            what="binary log",
            verdict="red",
            found="binlog_format is STATEMENT: no transaction that sees what others committed may write",
            next="SET GLOBAL binlog_format = 'MIXED' on the server, or ROW",
        )


def _bulk(connection: Connection) -> Finding:
    is_on = connection.text("SELECT @@local_infile") == "1"
    return Finding(
        what="bulk load",
        verdict="ok" if is_on else "warning",
        found="local_infile is on" if is_on else "local_infile is off: rows go in by INSERT, which is slower",
        next="" if is_on else "SET GLOBAL local_infile = 1 for the night of the load, if the rules of the house allow",
    )


def _unsafe(kept: Mapping[str, str], tables: Sequence[str]) -> Iterator[Finding]:
    for name in tables:
        engine = kept.get(name)
        if engine and engine not in TRANSACTIONAL:
            yield Finding(
                what="engine",
                verdict="red",
                found=f"{engine} knows no transactions: a load could not be taken back",
                where=name,
                next=f"ALTER TABLE {ticked(name)} ENGINE = InnoDB",
            )


def _neighbours(connection: Connection, tables: Sequence[str]) -> Iterator[Finding]:
    """Tables outside the load whose rows point at loaded ones: what people make there meanwhile decides a rollback."""
    pointing = {
        table.name
        for table in describe(connection).tables
        for key in table.foreign_keys
        if key.parent in tables and table.name not in tables
    }
    if pointing:
        found = f"{', '.join(sorted(pointing))} point at loaded tables: a rollback keeps every row theirs point at"
        yield Finding(what="foreign keys", verdict="ok", found=found)


def _needs_lock(limits: ReadLimits) -> bool:
    return limits.allow_brief_lock and limits.max_connections > 1


def _script(connection: Connection, user: str, limits: ReadLimits) -> str:
    name, _, host = user.rpartition("@")
    lines = [granting(connection, user, ("SELECT",))]
    if _needs_lock(limits):
        lines.append(f"GRANT RELOAD ON *.* TO {literal(name)}@{literal(host)};")
    return "\n".join(lines)
