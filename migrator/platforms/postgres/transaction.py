"""One transaction on a PostgreSQL target: where rows are locked, journalled and written while others work on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from migrator.contracts import ACTION, KEEP, OVERWRITE, Digest, Staged
from migrator.platforms.postgres.describe import CITEXT, describe
from migrator.platforms.postgres.domains import base_type
from migrator.platforms.postgres.sequences import Sequences
from migrator.platforms.postgres.staging import stage_name
from migrator.platforms.postgres.triggers import Triggers
from migrator.platforms.postgres.types import bare
from migrator.platforms.postgres.unfit import require_fit
from migrator.platforms.relational.deadline import Deadline
from migrator.platforms.relational.journal import MARKERS, key_column
from migrator.platforms.relational.sqltext import listed, literal, matched, quoted
from migrator.platforms.relational.transaction import Transaction
from storage.errors import Red, TransientFault
from storage.schema import Column, Kind, Schema, Table, UniqueKey

SCHEMA = "migrator"
"""Where the journals and the marker table are kept."""

_PLAINLY_EQUAL = frozenset(
    {
        Kind.BOOLEAN,
        Kind.INTEGER,
        Kind.DECIMAL,  # of one scale, so 1.0 and 1.00 do not meet
        Kind.DATE,
        Kind.TIME,
        Kind.TIMESTAMP,
        Kind.TIMESTAMPTZ,
        Kind.UUID,
        Kind.BINARY,
        Kind.TEXT,  # where no collation calls equal what differs
    }
)
"""Kinds whose equal values are the same value; of others (−0.0 and 0.0, JSON, literals) the text decides."""


_MINE = "SELECT 1 FROM pg_class WHERE oid = to_regclass({}) AND pg_has_role(relowner, 'USAGE')"
_MINE_AND_EMPTY = """
SELECT 1 FROM pg_namespace n WHERE nspname = {} AND pg_has_role(nspowner, 'USAGE')
    AND NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = n.oid)
"""
_HALVES = {"smallint": 1 << 14, "integer": 1 << 30}
_UNLIKELY = 12
"""Hexadecimal digits at random that no row has already."""


class PostgresTransaction(Transaction):
    """See migrator.platforms.relational.transaction. `run` names the staging its statements read."""

    enforces_references = True

    def __init__(self, connection: psycopg.Connection, run: str, *, where: str, max_seconds: int | None = None) -> None:
        self._connection = connection
        self._run = run
        self._where = where
        self._deadline = Deadline(max_seconds, where)
        self._number: str | None = None  # this transaction's, as xmin shows it
        self._triggers = Triggers(self)

    # ── statements ──────────────────────────────────────────────────────────────────────────────────────────
    def execute(self, statement: str) -> int:
        with self.bounded():
            return self._connection.execute(statement.encode()).rowcount

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.bounded():
            return self._connection.execute(query.encode()).fetchall()

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Give the server no more time for a statement than is left of the whole."""
        if (left := self._deadline.left) is None:
            yield
            return
        self._connection.execute(f"SET LOCAL statement_timeout = {max(1, round(left * 1000))}".encode())
        try:
            yield
        except psycopg.errors.QueryCanceled as error:
            if not self._deadline.is_over:  # somebody else ended the statement
                raise
            raise self._deadline.passed() from error

    def require_time(self) -> None:
        self._deadline.require()

    def describe(self) -> Schema:
        with self.bounded():
            return describe(self._connection, of_partitions=True)

    def serialise(self) -> None:
        """Loads into one database, and their undoing, wait for each other; the lock goes with the transaction."""
        try:
            self.rows(f"SELECT pg_advisory_xact_lock(hashtextextended({literal(SCHEMA)}, 0))")
        except psycopg.errors.LockNotAvailable as error:
            raise TransientFault(
                "another load into this target, or its rollback, is going on",
                where=self._where,
                next="wait, then repeat",
            ) from error

    def commit(self) -> None:
        with self.bounded():
            self._connection.execute("COMMIT")

    @contextmanager
    def watching(self, one: Staged) -> Iterator[None]:
        try:
            yield
        except psycopg.errors.IntegrityError as error:
            told = error.diag
            detail = f"; {told.message_detail}" if told.message_detail else ""
            table = one.table.name if told.table_name in (None, one.table.local_name) else told.table_name
            raise Red(
                f"the target refuses the rows: {told.message_primary}{detail}",
                where=".".join(filter(None, (table, told.column_name or told.constraint_name))),
                next="the constraint is the target's own: mend the mapping, or reject these rows with a reason",
            ) from error
        except psycopg.errors.ProgramLimitExceeded as error:
            raise Red(
                f"a row, or the journal's image of it, is beyond a limit of the server: {error.diag.message_primary}",
                where=one.table.name,
                next="keep these rows (target.on_match), or make the table narrower; nothing was committed",
            ) from error
        except psycopg.errors.DataError as error:
            raise Red(
                f"the target cannot take a value: {error.diag.message_primary}",
                where=one.table.name,
                next="add a cast to the mapping; nothing was committed",
            ) from error

    # ── names ───────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def home(self) -> str:
        return str(self.rows("SELECT current_schema()")[0][0])

    def live(self, table: Table) -> str:
        return live_name(table)

    def stage(self, one: Staged) -> str:
        return stage_name(self._run, one)

    def own(self, name: str) -> str:
        return f"{quoted(SCHEMA)}.{quoted(name)}"

    def owns(self, name: str) -> bool:
        return bool(self.rows(f"SELECT 1 WHERE to_regclass({literal(self.own(name))}) IS NOT NULL"))

    # ── expressions ─────────────────────────────────────────────────────────────────────────────────────────
    def differs(self, one: Staged, column: str) -> str:
        known, sides = one.table.column(column), [f"{alias}.{quoted(column)}" for alias in ("t", "s")]
        if known.type.kind not in _PLAINLY_EQUAL or known.collation is not None:
            sides = [f'{side}::text COLLATE "C"' for side in sides]
        return self.is_distinct(*sides)

    def is_distinct(self, left: str, right: str) -> str:
        return f"{left} IS DISTINCT FROM {right}"

    def row_hash(self, table: Table, alias: str, columns: Sequence[str] | None = None) -> str:
        """MD5 over the table's name and the row as the server writes it; sessions fix how it writes values."""
        chosen = listed(columns if columns is not None else table.column_names, f"{alias}.")
        return f"md5({literal(table.name)} || ROW({chosen})::text)::uuid"

    def digest(self, hashes: str) -> Digest:
        half = "sum(('x' || substr(h, {}, 16))::bit(64)::bigint::numeric)"
        plain = f"SELECT replace(hash::text, '-', '') AS h FROM ({hashes}) d"
        [(rows, high, low)] = self.rows(f"SELECT count(*), {half.format(1)}, {half.format(17)} FROM ({plain}) e")
        return Digest(rows=rows, total=((int(high or 0) << 64) + int(low or 0)) % (1 << 128))

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────
    def insert(self, one: Staged, values: str, source: str) -> str:
        # what the mapping fills stands, also where the platform would always choose a value itself
        chosen = any(one.table.column(name).identity for name in one.columns)
        overriding = " OVERRIDING SYSTEM VALUE" if chosen else ""
        return f"INSERT INTO {self.live(one.table)} ({listed(one.columns)}){overriding} SELECT {values} FROM {source}"

    def update(
        self, table: str, assignments: Sequence[tuple[str, str]], other: str, on: str, *, alias: str = "t"
    ) -> str:
        setting = ", ".join(f"{quoted(column)} = {value}" for column, value in assignments)
        return f"UPDATE {table} AS {alias} SET {setting} FROM {other} WHERE {on}"

    def unique_keys(self, table: Table) -> Sequence[UniqueKey]:
        partial = self.rows(
            "SELECT c.relname, ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid"
            "  AND a.attnum = ANY((i.indkey::int2[])[0:i.indnkeyatts - 1]))"
            " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indisunique AND i.indpred IS NOT NULL AND i.indexprs IS NULL"
            f" AND i.indrelid = {literal(live_name(table))}::regclass"
        )
        return (
            *super().unique_keys(table),
            *(UniqueKey(name=name, columns=tuple(columns)) for name, columns in partial),
        )

    def fixed_columns(self, table: Table) -> frozenset[str]:
        """GENERATED ALWAYS AS IDENTITY."""
        found = self.rows(
            f"SELECT attname FROM pg_attribute WHERE attrelid = {literal(live_name(table))}::regclass"
            " AND attidentity = 'a' AND NOT attisdropped"
        )
        return frozenset(name for (name,) in found)

    def delete(self, live: str, other: str, on: str) -> str:
        return f"DELETE FROM {live} AS t USING {other} WHERE {on}"

    def write_together(self, statements: Sequence[str]) -> None:
        """As one statement: the server looks at its foreign keys when the whole of it is done.

        Each part waits for the one before it, so that a value is free before another row takes it.
        """
        parts = [statements[0]] if statements else []
        for number, statement in enumerate(statements[1:]):
            parts.append(f"{statement} AND (SELECT count(*) FROM w{number}) >= 0")
        if parts:
            *first, last = parts
            named = ", ".join(f"w{number} AS ({part} RETURNING 1)" for number, part in enumerate(first))
            self.execute(f"WITH {named} {last}" if named else last)

    def create_own(self, name: str, columns: Sequence[tuple[str, str]], key: Sequence[str] = ()) -> None:
        if not self.rows(f"SELECT 1 FROM pg_namespace WHERE nspname = {literal(SCHEMA)}"):
            self.execute(f"CREATE SCHEMA {quoted(SCHEMA)}")
        self.execute(f"CREATE TABLE {self.own(name)} ({', '.join(f'{column} {type_}' for column, type_ in columns)})")
        # where a publication has all tables, the server lets nobody change rows it could not tell a replica of
        self.execute(f"ALTER TABLE {self.own(name)} REPLICA IDENTITY FULL")

    def index_own(self, name: str, key: Sequence[str]) -> None:
        """An index takes half the time when it is built over rows that are there."""
        for columns in (["entry"], key):
            if columns:
                self.execute(f"CREATE UNIQUE INDEX ON {name} ({', '.join(columns)})")

    def drop_own(self, name: str) -> None:
        if name != MARKERS:
            self.execute(f"DROP TABLE IF EXISTS {self.own(name)}")
            return
        # these two are of whoever loaded first: where that is another role, it drops them
        if self.rows(_MINE.format(literal(self.own(name)))):
            self.execute(f"DROP TABLE {self.own(name)}")
        if self.rows(_MINE_AND_EMPTY.format(literal(SCHEMA))):
            self.execute(f"DROP SCHEMA {quoted(SCHEMA)}")

    def learn_sizes(self, tables: Sequence[str]) -> None:
        """A table that is somebody else's, or being vacuumed, the server passes over."""
        for name in tables:
            self.execute(f"ANALYZE (SKIP_LOCKED) {name}")

    def stored_type(self, column: Column) -> str:
        own = column.collation if column.collation != CITEXT else None
        with self.bounded():
            return base_type(self._connection, column.native) + (f" COLLATE {own}" if own else "")

    text_type = "text"
    hash_type = "uuid"
    entry_type = "bigint GENERATED ALWAYS AS IDENTITY (CACHE 1000)"

    # ── rows without a key: those this transaction made ─────────────────────────────────────────────────────
    def before_creating(self, one: Staged) -> None:
        [(self._number,)] = self.rows("SELECT (txid_current() % 4294967296)::text")

    def created(self, one: Staged) -> str | None:
        if self._number is None:
            return None
        return f"FROM {self.live(one.table)} t WHERE t.xmin::text = '{self._number}'"

    def meets_keyless(self, table: Table, row: str, entry: str) -> str:
        return f"{_place(row)} = {entry}.{quoted('row')}"

    def find_keyless(self, table: Table, journal: str) -> None:
        """As many rows with the hash as the journal has, of however many there are: equal rows are the same row."""
        hashed = self.row_hash(table, "t")
        numbered = "row_number() OVER (PARTITION BY {} ORDER BY {}) AS n"
        live = f"SELECT {hashed} AS hash, {_place('t')} AS place, {numbered.format(hashed, 't.tableoid, t.ctid')}"
        entries = f"SELECT entry, after, {numbered.format('after', 'entry')} FROM {journal} WHERE fate IS NULL"
        found = (
            f"SELECT e.entry, l.place FROM ({entries}) e"
            f" LEFT JOIN ({live} FROM {self.live(table)} t) l ON l.hash = e.after AND l.n = e.n"
        )
        self.execute(f"UPDATE {journal} AS j SET {quoted('row')} = f.place FROM ({found}) f WHERE f.entry = j.entry")

    # ── triggers ────────────────────────────────────────────────────────────────────────────────────────────
    def silence_triggers(self, tables: Sequence[Table], *, inserting: bool) -> None:
        self._triggers.silence([self.live(table) for table in tables if table.triggers])

    def restore_triggers(self) -> None:
        self._triggers.restore()

    def written_by_triggers(self, staged: Sequence[Staged]) -> set[str]:
        return self._triggers.written(staged)

    # ── locks and checks ────────────────────────────────────────────────────────────────────────────────────
    def lock(self, staged: Sequence[Staged]) -> None:
        """Rows to overwrite against everybody, rows to keep against deletion."""
        self.execute("SET CONSTRAINTS ALL DEFERRED")
        for one in staged:
            require_fit(self.live(one.table), self.rows, one.table.name)
            if one.key:
                for action, strength in ((OVERWRITE, "UPDATE"), (KEEP, "KEY SHARE")):
                    self._lock_rows(
                        one.table,
                        f"{self.stage(one)} s",
                        f"{matched('t', 's', one.key)} AND s.{quoted(ACTION)} = '{action}'",
                        strength,
                        one.key,
                    )

    def _lock_rows(self, table: Table, other: str, on: str, strength: str, key: Sequence[str]) -> None:
        # in the order of the key, so that two who lock the same rows wait and do not deadlock
        rows = f"SELECT 1 FROM {self.live(table)} t JOIN {other} ON {on} ORDER BY {listed(key, 't.')}"
        self.rows(f"WITH locked AS ({rows} FOR {strength} OF t) SELECT count(*) FROM locked")

    def lock_against_writers(self, table: Table) -> None:
        self.execute(f"LOCK TABLE {self.live(table)} IN SHARE ROW EXCLUSIVE MODE")

    def lock_journalled(self, table: Table, journal: str, key: Sequence[str]) -> None:
        if key:
            about = " AND ".join(f"t.{quoted(column)} = j.{key_column(column)}" for column in key)
            self._lock_rows(table, f"{journal} j", about, "UPDATE", key)
        else:
            self.lock_against_writers(table)

    def check_deferred(self) -> None:
        self.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def sequence_problems(self, table: Table) -> Iterator[str]:
        yield from Sequences(self, table, live_name(table)).advance()

    def parked(self, table: Table, column: Column) -> str | None:
        if column.type.kind is Kind.TEXT and not column.choices and (column.max_length or 32) >= _UNLIKELY:
            return f"left(md5(random()::text || t.ctid::text), {column.max_length or 32})"
        if column.type.kind is Kind.INTEGER:
            # beyond the highest, since constraints ask for positive numbers more often than for small ones
            ends = f"SELECT max(m.{quoted(column.name)}) AS high, min(m.{quoted(column.name)}) AS low"
            half = _HALVES.get(bare(column.native), 1 << 62)
            beyond = f"CASE WHEN high < {half} THEN greatest(high, 0) + j.entry ELSE least(low, 0) - j.entry END"
            return f"(SELECT {beyond} FROM ({ends} FROM {self.live(table)} m) e)"
        return "md5(random()::text || t.ctid::text)::uuid" if column.type.kind is Kind.UUID else None


def live_name(table: Table) -> str:
    """The quoted name of a table; in the session's own schema where it says none."""
    return quoted(table.name) if table.schema is None else f"{quoted(table.schema)}.{quoted(table.local_name)}"


def _place(alias: str) -> str:
    """Where a row lies: a partitioned table has the same ctid once a partition."""
    return f"({alias}.tableoid::text || ':' || {alias}.ctid::text)"
