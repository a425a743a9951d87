"""What a careful person looks at before a PostgreSQL database is read: nothing is written, no table is read."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import Connection
from psycopg.rows import namedtuple_row

from migrator.contracts import Examination, Finding, ReadLimits, TableSize
from migrator.platforms.postgres import catalog
from migrator.platforms.postgres.describe import OLDEST, Found, describe_all, is_too_old
from migrator.platforms.relational.sqltext import quoted
from storage import moment


def examine_source(connection: Connection, limits: ReadLimits, where: str) -> Examination:
    """The server, the user's rights on every table, room for the readers, and sizes by the server's statistics."""
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        server: Found = cursor.execute(catalog.SERVER).fetchone()
        described = [] if is_too_old(connection) else describe_all(connection)
        names = {each.oid: each.table.name for each in described}
        tables: list[Found] = list(cursor.execute(catalog.RIGHTS, (list(names),)))
    lacking = [table for table in tables if not table.may_select]
    findings = (
        _version(server, where),
        *_encoding(server, where),
        *_rights(lacking, names, where),
        *_hidden(tables, names),
        _room(server, limits, where),
        *_standby(server, where),
    )
    sizes = (TableSize(table=names[table.oid], rows=table.rows, bytes=table.bytes) for table in tables)
    return Examination(
        version=f"PostgreSQL {server.version}",
        user=server.username,
        clock=moment.written(server.clock, "milliseconds"),
        findings=findings,
        sizes=tuple(sorted(sizes, key=lambda size: size.table)),
        grants=_script(lacking, server.username),
    )


def _version(server: Found, where: str) -> Finding:
    verdict = "ok" if server.number >= OLDEST * 10_000 else "red"
    upgrade = (
        "" if verdict == "ok" else f"read it from a server of version {OLDEST} or later, a restored backup perhaps"
    )
    return Finding(what="version", verdict=verdict, found=f"PostgreSQL {server.version}", where=where, next=upgrade)


def _encoding(server: Found, where: str) -> Iterator[Finding]:
    if server.encoding == "SQL_ASCII":
        yield Finding(
            what="encoding",
            verdict="warning",
            found="SQL_ASCII: the server does not know how its texts are encoded",
            where=where,
            next="a text that is not UTF-8 will stop the snapshot: convert the database where there are such",
        )


def _rights(lacking: list[Found], names: dict[int, str], where: str) -> Iterator[Finding]:
    for table in lacking:
        missing = "SELECT" if table.may_use else "USAGE on its schema and SELECT"
        yield Finding(
            what="grants",
            verdict="red",
            found=f"the user lacks {missing}",
            where=names[table.oid],
            next="have an administrator run the GRANT script",
        )
    if not lacking:
        yield Finding(what="grants", verdict="ok", found="the user may read every table", where=where)


def _hidden(tables: list[Found], names: dict[int, str]) -> Iterator[Finding]:
    for table in tables:
        if table.hides_rows:
            yield Finding(
                what="row-level security",
                verdict="red",
                found="a policy would hide rows from this user",
                where=names[table.oid],
                next="use a role with BYPASSRLS, or exclude the table with a reason",
            )


def _room(server: Found, limits: ReadLimits, where: str) -> Finding:
    needed, free = limits.max_connections + 1, server.free_connections
    enough = free >= needed
    return Finding(
        what="connections",
        verdict="ok" if enough else "red",
        found=f"{needed} needed, {max(free, 0)} free of {server.max_connections}",
        where=where,
        next="" if enough else "lower source.max_connections, or wait until others disconnect",
    )


def _standby(server: Found, where: str) -> Iterator[Finding]:
    if server.standby and not server.feedback:
        yield Finding(
            what="standby",
            verdict="warning",
            found=f"a hot standby that ends statements after {server.standby_delay} of conflict with the primary",
            where=where,
            next="set hot_standby_feedback = on there, or read from the primary",
        )


def _script(lacking: list[Found], user: str) -> str:
    """What an administrator runs: reading these tables, and nothing else."""
    schemas = dict.fromkeys(table.nspname for table in lacking if not table.may_use)
    lines = [f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {quoted(user)};" for schema in schemas]
    lines += [
        f"GRANT SELECT ON TABLE {quoted(table.nspname)}.{quoted(table.relname)} TO {quoted(user)};" for table in lacking
    ]
    return "\n".join(lines)
