"""What a careful person looks at before a PostgreSQL database is read or written: nothing is, and no table is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from psycopg import Connection
from psycopg.rows import namedtuple_row

from migrator.contracts import Examination, Finding, ReadLimits, TableSize
from migrator.platforms.postgres import catalog, grants
from migrator.platforms.postgres.describe import OLDEST, Described, Found, describe_all, is_too_old
from migrator.platforms.postgres.unfit import obstacles
from migrator.platforms.relational.sqltext import quoted
from storage import moment

_LOADING = 3
"""Connections of a load at its most: one holds the staging, one merges or reads, one copies."""


def examine_source(
    connection: Connection, limits: ReadLimits, excluded: Collection[str], views: Collection[str]
) -> Examination:
    """The server, rights on every table and these views, room for the readers, and sizes by the server's statistics."""
    seen = _Seen(connection, views)
    lacking = [table for table in seen.tables if not table.may_select and seen.names[table.oid] not in excluded]
    next_ = "lower source.max_connections, or wait until others disconnect"
    findings = (
        _version(seen.server),
        *_encoding(seen.server),
        *_rights(lacking, seen.names),
        *_hidden(seen.tables, seen.names),
        _room(seen.server, limits.max_connections + 1, next_),
        *_standby(seen.server),
    )
    return seen.examination(findings, _script(lacking, seen.server.username))


def examine_target(connection: Connection, tables: Sequence[str]) -> Examination:
    """The server, the user's rights on these tables and on their neighbours, their sequences, and room for a load."""
    seen = _Seen(connection)
    loaded = [table for table in seen.tables if seen.names[table.oid] in tables]
    beside = seen.neighbours(tables)
    sequences = seen.sequences(loaded)
    writer = seen.ask(catalog.WRITER)[0]
    lacking = [
        *grants.for_own_tables(writer),
        *grants.on_tables(loaded, seen.names, ("SELECT", "INSERT", "UPDATE", "DELETE")),
        *grants.on_tables(beside, seen.names, ("SELECT",)),
        *grants.on_sequences(sequences),
    ]
    findings = (
        _version(seen.server),
        *_writable(seen.server, writer),
        *grants.findings(lacking),
        *_hidden([*loaded, *beside], seen.names),
        *(finding for table in loaded for finding in seen.unfit(table)),
        *_foreign(sequences),
        *_owned([table for table in loaded if seen.has_triggers(table)], seen.names),
        *_searched(seen.unsearched(tables)),
        _room(seen.server, _LOADING, "wait until others disconnect"),
    )
    return seen.examination(findings, grants.script(lacking, seen.server.username))


class _Seen:
    """What the catalog said, asked once."""

    def __init__(self, connection: Connection, views: Collection[str] = ()) -> None:
        self._connection = connection
        described: list[Described] = [] if is_too_old(connection) else describe_all(connection)
        self._described = [each for each in described if not each.table.is_view or each.table.name in views]
        self.names = {each.oid: each.table.name for each in self._described}
        self.server = self.ask(catalog.SERVER)[0]
        self.tables = self.ask(catalog.RIGHTS, list(self.names))

    def ask(self, query: str, *parameters: object) -> list[Found]:
        with self._connection.cursor(row_factory=namedtuple_row) as cursor:
            return list(cursor.execute(query.encode(), parameters or None))

    def neighbours(self, loaded: Sequence[str]) -> list[Found]:
        """Tables outside a load that point at its tables, or are pointed at: a rollback looks at their rows."""
        pairs = [(each.table.name, key.parent) for each in self._described for key in each.table.foreign_keys]
        near = {name for pair in pairs for name in pair if set(pair) & set(loaded)} - set(loaded)
        return [table for table in self.tables if self.names[table.oid] in near]

    def unfit(self, table: Found) -> Iterator[Finding]:
        """What a load would be refused for."""
        name = f"{quoted(table.nspname)}.{quoted(table.relname)}"
        for what, next in obstacles(name, self.ask) if table.may_use else ():
            yield Finding(what="table", verdict="red", found=what, where=self.names[table.oid], next=next)

    def has_triggers(self, table: Found) -> bool:
        return any(each.oid == table.oid and each.table.triggers for each in self._described)

    def unsearched(self, loaded: Sequence[str]) -> list[tuple[str, str]]:
        """Table and column of foreign keys to a load's tables that no index begins with."""
        found = self.ask(catalog.INDEXED, [each.oid for each in self._described])
        indexed = {(oid, column) for oid, column in found}
        return [
            (each.table.name, key.columns[0])
            for each in self._described
            for key in each.table.foreign_keys
            if key.parent in loaded and not any((each.oid, column) in indexed for column in key.columns)
        ]

    def sequences(self, loaded: Sequence[Found]) -> list[Found]:
        """Those that fill columns of these tables."""
        return self.ask(catalog.SEQUENCES.format(tables="%s"), [table.oid for table in loaded])

    def examination(self, findings: tuple[Finding, ...], script: str) -> Examination:
        sizes = (TableSize(table=self.names[table.oid], rows=table.rows, bytes=table.bytes) for table in self.tables)
        return Examination(
            version=f"PostgreSQL {self.server.version}",
            user=self.server.username,
            clock=moment.written(self.server.clock, "milliseconds"),
            findings=findings,
            sizes=tuple(sorted(sizes, key=lambda size: size.table)),
            grants=script,
        )


# ── findings ────────────────────────────────────────────────────────────────────────────────────────────────
def _version(server: Found) -> Finding:
    verdict = "ok" if server.number >= OLDEST * 10_000 else "red"
    upgrade = (
        "" if verdict == "ok" else f"read it from a server of version {OLDEST} or later, a restored backup perhaps"
    )
    return Finding(what="version", verdict=verdict, found=f"PostgreSQL {server.version}", next=upgrade)


def _encoding(server: Found) -> Iterator[Finding]:
    if server.encoding == "SQL_ASCII":
        yield Finding(
            what="encoding",
            verdict="warning",
            found="SQL_ASCII: the server does not know how its texts are encoded",
            next="texts that are not UTF-8 are archived as their bytes; in json, arrays, enums, comments and names they"
            " stop the snapshot: convert the database where there are such",
        )


def _rights(lacking: list[Found], names: dict[int, str]) -> Iterator[Finding]:
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
        yield Finding(what="grants", verdict="ok", found="the user may read every table that leaves")


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


def _room(server: Found, needed: int, next: str) -> Finding:
    free = server.free_connections
    return Finding(
        what="connections",
        verdict="ok" if free >= needed else "red",
        found=f"{needed} needed, {max(free, 0)} free of {server.max_connections}",
        next="" if free >= needed else next,
    )


def _standby(server: Found) -> Iterator[Finding]:
    if server.standby and not server.feedback:
        yield Finding(
            what="standby",
            verdict="warning",
            found=f"a hot standby that ends statements after {server.standby_delay} of conflict with the primary",
            next="set hot_standby_feedback = on there, or read from the primary",
        )


def _writable(server: Found, writer: Found) -> Iterator[Finding]:
    if server.standby:
        yield Finding(
            what="writable",
            verdict="red",
            found="a standby, which only lets itself be read",
            next="name the primary server in target.url",
        )
    elif writer.read_only:
        yield Finding(
            what="writable",
            verdict="red",
            found="default_transaction_read_only is on for this user or database",
            next="somebody guards it against writing: ask why, then ALTER ROLE or ALTER DATABASE … RESET it",
        )


def _foreign(sequences: Sequence[Found]) -> Iterator[Finding]:
    for sequence in sequences:
        if not sequence.owned and sequence.may_set:
            yield Finding(
                what="sequences",
                verdict="warning",
                found="somebody else's sequence: where a rehearsal advances it, it stays advanced",
                where=sequence.name,
                next="harmless but for gaps in the numbers; else load as the sequence's owner",
            )


def _owned(triggered: Sequence[Found], names: dict[int, str]) -> Iterator[Finding]:
    for table in triggered:
        if not table.owned:
            yield Finding(
                what="triggers",
                verdict="warning",
                found="a rollback disables triggers while it works, which only the table's owner may",
                where=names[table.oid],
                next=f"load and roll back as a member of the role {table.owner}",
            )


def _searched(unsearched: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    for table, column in unsearched:
        yield Finding(
            what="index",
            verdict="warning",
            found="no index begins with this reference: for each row a rollback takes back, the table is read whole",
            where=f"{table}.{column}",
            next="CREATE INDEX CONCURRENTLY on it before the load, unless the table is small",
        )


def _script(lacking: list[Found], user: str) -> str:
    """What an administrator runs: reading these tables, and nothing else."""
    schemas = dict.fromkeys(table.nspname for table in lacking if not table.may_use)
    lines = [f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {quoted(user)};" for schema in schemas]
    lines += [
        f"GRANT SELECT ON TABLE {quoted(table.nspname)}.{quoted(table.relname)} TO {quoted(user)};" for table in lacking
    ]
    return "\n".join(lines)
