"""One transaction on a MariaDB or MySQL target. Any CREATE or DROP would commit it: ours come before and after."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from migrator.contracts import ACTION, CREATE, KEEP, OVERWRITE, Digest, Staged
from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.describe import TRANSACTIONAL, describe
from migrator.platforms.mysql.locks import merge_lock, taken
from migrator.platforms.mysql.staging import MADE, stage_name
from migrator.platforms.mysql.types import base_name
from migrator.platforms.relational.journal import key_column, stored_columns
from migrator.platforms.relational.sqltext import listed, literal, matched, quoted
from migrator.platforms.relational.transaction import Transaction, held_too_long, shortened
from storage.errors import MigratorError, Red, TransientFault
from storage.schema import Column, Kind, Schema, Table

_LOCK_WAIT_S = 30
_LONGEST_INLINE = 512  # characters of a VARCHAR that the journal keeps within the row


class MysqlTransaction(Transaction):
    """See migrator.platforms.relational.transaction. `run` names the staging its statements read."""

    enforces_references = False  # off for cycles while merging, off while undoing

    def __init__(self, connection: Connection, run: str, *, where: str, max_seconds: int | None = None) -> None:
        self._connection = connection
        self._run = run
        self._where = where
        self._max_seconds = max_seconds
        self._deadline = None if max_seconds is None else time.monotonic() + max_seconds
        self._begun = False
        self._created: set[str] = set()  # tables without a key whose new rows are made
        self._made: list[str] = []  # tables of ours that go if the transaction does not commit
        self._going: list[str] = []  # tables of ours that go when it does

    # ── statements ──────────────────────────────────────────────────────────────────────────────────────────
    def execute(self, statement: str) -> int:
        with self._bounded() as bound:
            return self._connection.execute(bound + statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self._bounded() as bound:
            return [tuple(map(_text, row)) for row in self._connection.rows(bound + query)]

    @contextmanager
    def _bounded(self) -> Iterator[str]:
        """What stands before a statement so that it takes no more time than is left; MySQL bounds what reads only."""
        if self._deadline is None:
            yield ""
            return
        left = max(0.001, self._deadline - time.monotonic())
        if not self._connection.is_mariadb:
            self._connection.execute(f"SET SESSION max_execution_time = {round(left * 1000) or 1}")
        try:
            yield f"SET STATEMENT max_statement_time = {left:.3f} FOR " if self._connection.is_mariadb else ""
        except MigratorError as error:
            if isinstance(error, Red) or time.monotonic() < self._deadline:
                raise
            raise self._late() from error

    def _late(self) -> Red:
        return held_too_long(self._max_seconds or 0, self._where)

    def require_time(self) -> None:
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise self._late()

    def describe(self) -> Schema:
        return describe(self._connection)

    shuts_out = False
    """Whether tables must stand still: only then reads lock what they read, and where rows could come between."""

    def begin(self) -> None:
        """From here on everything is one transaction, in which what others committed is seen once it is locked."""
        level = "SERIALIZABLE" if self.shuts_out else "READ COMMITTED"
        self._connection.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        self._connection.execute("START TRANSACTION")
        self._begun = True

    @property
    def is_open(self) -> bool:
        """Whether it is neither committed nor rolled back."""
        return self._begun

    @contextmanager
    def watching(self, one: Staged) -> Iterator[None]:
        try:
            yield
        except Red as red:
            raise Red(red.what, where=one.table.name, next=red.next) from red

    def commit(self) -> None:
        self._connection.execute("COMMIT")
        self._begun = False
        self._made.clear()
        self._drop(self._going)

    def close(self) -> None:
        """Take back what was not committed."""
        if self._begun:
            with suppress(TransientFault):  # the connection is lost, and the transaction with it
                self._connection.execute("ROLLBACK")
                self._begun = False
                self._drop(self._made)

    def _drop(self, names: list[str]) -> None:
        for name in names:
            self._connection.execute(f"DROP TABLE IF EXISTS {self.own(name)}")
        names.clear()

    def serialise(self) -> None:
        """Loads into one database, and their undoing, wait for each other; the lock goes with the connection."""
        if not taken(self._connection, merge_lock(self._connection), patience_s=_LOCK_WAIT_S):
            raise TransientFault(
                "another load into this target, or its rollback, is going on",
                where=self._where,
                next="wait, then repeat",
            )

    # ── names ───────────────────────────────────────────────────────────────────────────────────────────────
    def live(self, table: Table) -> str:
        return quoted(table.name)

    def stage(self, one: Staged) -> str:
        return stage_name(self._run, one)

    def own(self, name: str) -> str:
        return quoted(name)

    def owns(self, name: str) -> bool:
        return bool(
            self.rows(
                "SELECT 1 FROM information_schema.tables"
                f" WHERE table_schema = DATABASE() AND table_name = {literal(name)}"
            )
        )

    # ── expressions ─────────────────────────────────────────────────────────────────────────────────────────
    def differs(self, one: Staged, column: str) -> str:
        known = one.table.column(column)
        return self.is_distinct(exact(known, "t"), exact(known, "s"))

    def is_distinct(self, left: str, right: str) -> str:
        return f"NOT ({left} <=> {right})"

    def row_hash(self, table: Table, alias: str, columns: Sequence[str] | None = None) -> str:
        """MD5 over the table's name and each column's length and bytes, or their MD5 where they may be many."""
        chosen = table.columns if columns is None else [table.column(name) for name in columns]
        parts = [f"IFNULL(CONCAT(LENGTH({v}), ':', {v}), 'N')" for v in (_hashed(column, alias) for column in chosen)]
        return f"UNHEX(MD5(CONCAT({', '.join([literal(table.name), *parts])})))"

    def digest(self, hashes: str) -> Digest:
        half = "SUM(CAST(CONV(HEX({}(d.hash, 8)), 16, 10) AS DECIMAL(20)))"
        [(rows, high, low)] = self.rows(
            f"SELECT COUNT(*), {half.format('LEFT')}, {half.format('RIGHT')} FROM ({hashes}) d"
        )
        return Digest(rows=int(rows), total=((int(high or 0) << 64) + int(low or 0)) % (1 << 128))

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────
    def insert(self, one: Staged, values: str, source: str) -> str:
        if one.key:
            return super().insert(one, values, source)
        # the rows as they will be, defaults included, are already made beside the table
        columns = listed(stored_columns(one.table))
        return f"INSERT INTO {self.live(one.table)} ({columns}) SELECT {columns} FROM {self._made_name(one.table)}"

    def update(
        self, table: str, assignments: Sequence[tuple[str, str]], other: str, on: str, *, alias: str = "t"
    ) -> str:
        setting = ", ".join(f"{alias}.{quoted(column)} = {value}" for column, value in assignments)
        return f"UPDATE {table} {alias} JOIN {other} ON {on} SET {setting}"

    def delete(self, live: str, other: str, on: str) -> str:
        return f"DELETE t FROM {live} t JOIN {other} ON {on}"

    def write_together(self, statements: Sequence[str]) -> None:
        """Without the server's look at each row; what they refer to is looked up by name before the commit."""
        self._connection.execute("SET SESSION foreign_key_checks = 0")
        try:
            for statement in statements:
                self.execute(statement)
        finally:
            self._connection.execute("SET SESSION foreign_key_checks = 1")

    def create_own(self, name: str, columns: Sequence[tuple[str, str]], key: Sequence[str] = ()) -> None:
        parts = [f"{column} {type_}" for column, type_ in columns]
        if key:
            parts.append(f"UNIQUE ({', '.join(key)})")
        options = "ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        self._connection.execute(f"CREATE TABLE {self.own(name)} ({', '.join(parts)}) {options}")
        self._made.append(name)

    def drop_own(self, name: str) -> None:
        self._going.append(name)

    def stored_type(self, column: Column) -> str:
        collation = f" COLLATE {column.collation}" if column.collation else ""
        long = base_name(column.native) == "varchar" and (column.max_length or 0) > _LONGEST_INLINE
        return f"{'longtext' if long else column.native}{collation} NULL"

    text_type = "longtext"
    hash_type = "binary(16)"
    entry_type = "bigint AUTO_INCREMENT PRIMARY KEY"

    # ── rows without a key: made beside the table first ─────────────────────────────────────────────────────
    def _made_name(self, table: Table) -> str:
        return self.own(shortened(f"{MADE}{self._run}:{table.name}"))

    def before_creating(self, one: Staged) -> None:
        self._created.add(one.table.name)
        self.execute(
            f"INSERT INTO {self._made_name(one.table)} ({listed(one.columns)})"
            f" SELECT {listed(one.columns)} FROM {self.stage(one)} WHERE {quoted(ACTION)} = '{CREATE}'"
        )

    def created(self, one: Staged) -> str | None:
        if one.table.name not in self._created:
            return None
        return f"FROM {self._made_name(one.table)} t WHERE true"

    def meets_keyless(self, table: Table, row: str, entry: str) -> str:
        return f"{entry}.{quoted('row')} IS NOT NULL AND {self.row_hash(table, row)} = {entry}.after"

    def find_keyless(self, table: Table, journal: str) -> None:
        """As many entries with a hash as there are rows that have it, of however many other people's: all are alike."""
        numbered = (
            f"SELECT j.entry, j.after, ROW_NUMBER() OVER (PARTITION BY j.after ORDER BY j.entry) AS n FROM {journal} j"
        )
        counted = f"SELECT {self.row_hash(table, 't')} AS hash, COUNT(*) AS n FROM {self.live(table)} t GROUP BY hash"
        self.execute(f"UPDATE {journal} SET {quoted('row')} = NULL")
        self.execute(
            f"UPDATE {journal} j JOIN ({numbered}) e ON e.entry = j.entry"
            f" JOIN ({counted}) l ON l.hash = e.after AND e.n <= l.n SET j.{quoted('row')} = 'there'"
        )

    def goes_keyless(self, table: Table, journal: str, alias: str) -> str:
        same = f"SELECT COUNT(*) FROM {self.live(table)} m WHERE {self.row_hash(table, 'm')} = "
        hashed = self.row_hash(table, alias)
        going = f"g.{quoted('row')} IS NOT NULL AND g.fate IS NULL AND g.after = {hashed}"
        return f"(SELECT COUNT(*) FROM {journal} g WHERE {going}) >= ({same}{hashed})"

    def delete_keyless(self, table: Table, journal: str) -> None:
        going = (
            f"SELECT after AS hash, COUNT(*) AS n FROM {journal} WHERE {quoted('row')} IS NOT NULL AND fate IS NULL"
            " GROUP BY after"
        )
        counted = f"SELECT {self.row_hash(table, 't')} AS hash, COUNT(*) AS n FROM {self.live(table)} t GROUP BY hash"
        shared = self.rows(
            f"SELECT HEX(g.hash), g.n FROM ({going}) g JOIN ({counted}) l ON l.hash = g.hash WHERE l.n > g.n"
        )
        own = self.row_hash(table, self.live(table))
        for hashed, number in shared:  # other people have equal rows: take as many as are ours
            self.execute(f"DELETE FROM {self.live(table)} WHERE {own} = X'{hashed}' LIMIT {number}")
        others = "".join(f" AND j.after <> X'{hashed}'" for hashed, _ in shared)
        about = f"{self.meets_keyless(table, 't', 'j')} AND j.fate IS NULL{others}"
        self.execute(self.delete(self.live(table), f"{journal} j", about))

    # ── triggers ────────────────────────────────────────────────────────────────────────────────────────────
    def silence_triggers(self, tables: Sequence[Table], *, inserting: bool) -> None:
        """Nothing disables a trigger here but dropping it, which commits: so none may be there that would fire."""
        for table, name, event in self._triggers(tables):
            if inserting or event != "INSERT":
                raise Red(
                    f"its trigger {name} would fire, and write what nobody takes back",
                    where=table,
                    next=f"drop the trigger {name}, repeat, and make it again",
                )

    def restore_triggers(self) -> None:
        """None was disabled."""

    def _triggers(self, tables: Sequence[Table]) -> list[tuple[Any, ...]]:
        names = ", ".join(literal(table.name) for table in tables)
        return self.rows(
            "SELECT event_object_table, trigger_name, event_manipulation FROM information_schema.triggers"
            f" WHERE event_object_schema = DATABASE() AND event_object_table IN ({names})"
        )

    def written_by_triggers(self, staged: Sequence[Staged]) -> set[str]:
        """By what their bodies say; one that calls a procedure does not say it."""
        self.silence_triggers([one.table for one in staged], inserting=False)  # or the load could not be taken back
        by_name = {table.name: table for table in self.describe().tables}
        written: set[str] = set()
        waiting = [one.table for one in staged]
        while waiting:
            for name in self._said_to_write(waiting.pop()) - written:
                written.add(name)
                if name in by_name:  # its own triggers fire in turn
                    waiting.append(by_name[name])
        return written

    def _said_to_write(self, table: Table) -> set[str]:
        names: set[str] = set()
        for name, body in self.rows(
            "SELECT trigger_name, action_statement FROM information_schema.triggers"
            f" WHERE event_object_schema = DATABASE() AND event_object_table = {literal(table.name)}"
        ):
            if re.search(r"\b(CALL|EXECUTE)\b", body, re.IGNORECASE):
                raise Red(
                    f"its trigger {name} calls a procedure: what that writes cannot be told",
                    where=table.name,
                    next="drop the trigger for the load",
                )
            names.update(_unquoted(found) for found in _WRITES.findall(body))
        return names

    # ── locks and checks ────────────────────────────────────────────────────────────────────────────────────
    def lock(self, staged: Sequence[Staged]) -> None:
        """Rows to overwrite against everybody, rows to keep against changes."""
        self._refuse_other_engines(staged)
        for one in staged:
            if not one.key:
                name = shortened(f"{MADE}{self._run}:{one.table.name}")
                self._connection.execute(f"CREATE TABLE {self.own(name)} LIKE {self.live(one.table)}")
                self._made.append(name)
                self._going.append(name)
        self.begin()
        for one in staged:
            if one.key:
                for action, strength in ((OVERWRITE, "FOR UPDATE"), (KEEP, "LOCK IN SHARE MODE")):
                    on = f"{matched('t', 's', one.key)} AND s.{quoted(ACTION)} = '{action}'"
                    self._lock_rows(one.table, f"{self.stage(one)} s", on, strength)

    def _lock_rows(self, table: Table, other: str, on: str, strength: str) -> None:
        # counted, so that no row travels; the lock is taken on every row that is counted
        self.rows(f"SELECT COUNT(*) FROM (SELECT 1 FROM {self.live(table)} t JOIN {other} ON {on} {strength}) q")

    def _refuse_other_engines(self, staged: Sequence[Staged]) -> None:
        names = ", ".join(literal(one.table.name) for one in staged)
        found = self.rows(
            "SELECT table_name, engine FROM information_schema.tables"
            f" WHERE table_schema = DATABASE() AND table_name IN ({names})"
        )
        for name, engine in found:
            if engine not in TRANSACTIONAL:
                raise Red(
                    f"the target table is kept by {engine}, which cannot take a load back",
                    where=name,
                    next=f"convert it first: ALTER TABLE {name} ENGINE=InnoDB",
                )

    def lock_against_writers(self, table: Table) -> None:
        self.rows(f"SELECT COUNT(*) FROM (SELECT 1 FROM {self.live(table)} t FOR UPDATE) q")

    def drop_temporary(self, name: str) -> str:
        return f"DROP TEMPORARY TABLE {name}"

    def lock_journalled(self, table: Table, journal: str, key: Sequence[str]) -> None:
        if key:
            about = " AND ".join(f"t.{quoted(column)} = j.{key_column(column)}" for column in key)
            self._lock_rows(table, f"{journal} j", about, "FOR UPDATE")
        else:
            self.rows(f"SELECT COUNT(*) FROM (SELECT 1 FROM {self.live(table)} t FOR UPDATE) q")

    def sequence_problems(self, table: Table) -> Iterator[str]:
        """InnoDB moves AUTO_INCREMENT past what was inserted by itself; at the end of its type it cannot."""
        for column in table.columns:
            if not column.identity:
                continue
            [(highest,)] = self.rows(f"SELECT MAX({quoted(column.name)}) FROM {self.live(table)}")
            if highest is not None and int(highest) >= largest(column):
                yield f"{table.name}.{column.name}: the highest value is taken, an ordinary INSERT would fail"

    def parked(self, table: Table, column: Column) -> str | None:
        if column.type.kind is Kind.TEXT and not column.choices:
            return f"LEFT(MD5(CONCAT(RAND(), j.entry)), {column.max_length or 32})"
        if column.type.kind is Kind.INTEGER and "unsigned" not in column.native:
            return "(-1 - j.entry)"
        return "UUID()" if column.type.kind is Kind.UUID else None


_WRITES = re.compile(
    r"(?:\b(?:INSERT|REPLACE)\s+(?:LOW_PRIORITY\s+|DELAYED\s+|HIGH_PRIORITY\s+)?(?:IGNORE\s+)?(?:INTO\s+)?"
    r"|\bUPDATE\s+(?:LOW_PRIORITY\s+)?(?:IGNORE\s+)?|\bDELETE\s+(?:LOW_PRIORITY\s+)?(?:QUICK\s+)?(?:IGNORE\s+)?FROM\s+)"
    r"((?:[`\"]?\w+[`\"]?\.)?(?:`[^`]+`|\"[^\"]+\"|\w+))",
    re.IGNORECASE,
)


def _unquoted(name: str) -> str:
    return name.rpartition(".")[2].strip('`"')


_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}


def largest(column: Column) -> int:
    """The largest value an integer column holds."""
    bits = _BITS.get(base_name(column.native), 64)
    return int((1 << bits) - 1 if "unsigned" in column.native else (1 << (bits - 1)) - 1)


def exact(column: Column, alias: str) -> str:
    """A value as bytes that differ where the values do: case, spaces, and the sign of zero."""
    name, base = f"{alias}.{quoted(column.name)}", base_name(column.native)
    if base in ("float", "double"):
        return f"CAST({name} * 1e0 AS CHAR)"
    if base == "bit":
        return f"CAST({name} + 0 AS CHAR)"
    return f"CAST({name} AS BINARY)"


_LONG = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "json", "tinyblob", "blob", "mediumblob")


def _hashed(column: Column, alias: str) -> str:
    # a row longer than max_allowed_packet would make the whole concatenation NULL
    long = base_name(column.native) in (*_LONG, "longblob", "binary", "varbinary") or column.type.kind is Kind.BINARY
    return f"MD5({exact(column, alias)})" if long else exact(column, alias)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")
