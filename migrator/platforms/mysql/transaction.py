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
from migrator.platforms.mysql.grants import granting, lacking
from migrator.platforms.mysql.held import journalled_type, key_type
from migrator.platforms.mysql.locks import merge_lock, taken
from migrator.platforms.mysql.owned import MADE
from migrator.platforms.mysql.staging import stage_name
from migrator.platforms.mysql.types import base_name
from migrator.platforms.relational.journal import key_column, stored_columns
from migrator.platforms.relational.sqltext import listed, literal, matched, quoted
from migrator.platforms.relational.transaction import Transaction, held_too_long, shortened
from storage.errors import Fault, MigratorError, Red, TransientFault
from storage.schema import Column, Kind, Schema, Table, UniqueKey

_LOCK_WAIT_S = 30


class MysqlTransaction(Transaction):
    """See migrator.platforms.relational.transaction. `run` names the staging its statements read."""

    enforces_references = False  # off for cycles while merging, off while undoing
    holding = " LOCK IN SHARE MODE"

    def __init__(self, connection: Connection, run: str, *, where: str, max_seconds: int | None = None) -> None:
        self._connection = connection
        self._run = run
        self._where = where
        self._max_seconds = max_seconds
        self._deadline = None if max_seconds is None else time.monotonic() + max_seconds
        self._begun = False
        self._created: set[str] = set()  # tables without a key whose new rows are made
        self._numbering: dict[str, Table] = {}  # statements that create rows to which the server gives numbers
        self._renewed: dict[str, tuple[str, ...]] | None = None
        self._made: list[str] = []  # tables of ours that go if the transaction does not commit
        self._going: list[str] = []  # tables of ours that go when it does

    # ── statements ──────────────────────────────────────────────────────────────────────────────────────────
    def execute(self, statement: str) -> int:
        with self._bounded() as bound:
            count = self._connection.execute(bound + statement)
        if statement in self._numbering:
            self._take_numbers(self._numbering.pop(statement), count)
        return count

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
        try:
            self._connection.execute("COMMIT")
        except TransientFault as fault:
            raise TransientFault(
                f"whether the commit was made cannot be told: {fault.what}",
                where=self._where,
                next="repeat: a load that stands is recognised, and not made twice",
            ) from fault
        self._begun = False
        self._made.clear()
        with suppress(Fault):  # committed is committed: what is left of ours the next run sweeps
            self._drop(self._going)

    def close(self) -> None:
        """Take back what was not committed."""
        with suppress(Fault):  # the connection is lost, and the transaction with it: the next run sweeps
            if self._begun:
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

    def elsewhere(self, parent: str) -> str | None:
        database, _, name = parent.partition(".")
        return f"{quoted(database)}.{quoted(name)}"

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
        number, made = self._number(one), self._made_name(one.table)
        columns = listed(column for column in stored_columns(one.table) if column != number)
        statement = f"INSERT INTO {self.live(one.table)} ({columns}) SELECT {columns} FROM {made}"
        if number is None:
            return statement
        statement += f" ORDER BY {quoted(number)}"
        self._numbering[statement] = one.table
        return statement

    def update(
        self, table: str, assignments: Sequence[tuple[str, str]], other: str, on: str, *, alias: str = "t"
    ) -> str:
        given = {column for column, _ in assignments}
        kept = [(column, f"{alias}.{quoted(column)}") for column in self._renewing(table) if column not in given]
        setting = ", ".join(f"{alias}.{quoted(column)} = {value}" for column, value in (*assignments, *kept))
        return f"UPDATE {table} {alias} JOIN {other} ON {on} SET {setting}"

    def _renewing(self, table: str) -> tuple[str, ...]:
        """Columns of the table that an UPDATE sets to the present by itself, unless it says otherwise."""
        if self._renewed is None:
            found = self.rows(
                "SELECT table_name, GROUP_CONCAT(column_name SEPARATOR '\0') FROM information_schema.columns"
                " WHERE table_schema = DATABASE() AND extra LIKE '%on update%' GROUP BY table_name"
            )
            self._renewed = {quoted(name): tuple(names.split("\0")) for name, names in found}
        return self._renewed.get(table, ())

    def delete(self, live: str, other: str, on: str) -> str:
        return f"DELETE t FROM {live} t JOIN {other} ON {on}"

    def write_together(self, statements: Sequence[str]) -> None:
        """Without the server's look at each row; what they refer to is looked up by name before the commit."""
        before = self._connection.text("SELECT @@foreign_key_checks")
        self._connection.execute("SET SESSION foreign_key_checks = 0")
        for statement in statements:
            self.execute(statement)
        self._connection.execute(f"SET SESSION foreign_key_checks = {before}")

    def create_own(self, name: str, columns: Sequence[tuple[str, str]], key: Sequence[str] = ()) -> None:
        parts = [f"{column} {type_}" for column, type_ in columns]
        if key:
            parts.append(f"UNIQUE ({', '.join(key)})")
        options = "ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        self._connection.execute(f"CREATE TABLE {self.own(name)} ({', '.join(parts)}) {options}")
        self._made.append(name)

    def drop_own(self, name: str) -> None:
        self._going.append(name)

    def learn_sizes(self, tables: Sequence[str]) -> None:
        """Only before the transaction begins: it would commit it. Statistics lag behind what a load has brought."""
        if not self._begun:
            self._connection.rows(f"ANALYZE LOCAL TABLE {', '.join(tables)}")

    def stored_type(self, column: Column) -> str:
        return journalled_type(column)

    def key_type(self, column: Column) -> str:
        return key_type(column)

    text_type = "longtext"
    hash_type = "binary(16)"
    entry_type = "bigint AUTO_INCREMENT PRIMARY KEY"

    # ── rows without a key: made beside the table first ─────────────────────────────────────────────────────
    def _made_name(self, table: Table) -> str:
        return self.own(shortened(f"{MADE}{self._run}:{table.name}"))

    def before_creating(self, one: Staged) -> None:
        self._created.add(one.table.name)
        with self.watching(one):
            self.execute(
                f"INSERT INTO {self._made_name(one.table)} ({listed(one.columns)})"
                f" SELECT {listed(one.columns)} FROM {self.stage(one)} WHERE {quoted(ACTION)} = '{CREATE}'"
            )

    def created(self, one: Staged) -> str | None:
        if one.table.name not in self._created:
            return None
        return f"FROM {self._made_name(one.table)} t WHERE true"

    def _number(self, one: Staged) -> str | None:
        """The column of a table without a key whose numbers the server gives, and the mapping does not."""
        return next((c.name for c in one.table.columns if c.identity and c.name not in one.columns), None)

    def _take_numbers(self, table: Table, count: int) -> None:
        """The rows made beside the table get the numbers the live ones were given: one after the other."""
        made, number = self._made_name(table), next(c.name for c in table.columns if c.identity)
        [(first, lowest)] = self.rows(f"SELECT LAST_INSERT_ID(), MIN({quoted(number)}) FROM {made}")
        shift = int(first or 0) - int(lowest or 0)
        order = f"{quoted(number)} {'DESC' if shift > 0 else 'ASC'}"
        self.execute(f"UPDATE {made} SET {quoted(number)} = {quoted(number)} + ({shift}) ORDER BY {order}")
        same = f"t.{quoted(number)} = m.{quoted(number)} AND {self.row_hash(table, 't')} = {self.row_hash(table, 'm')}"
        [(found,)] = self.rows(f"SELECT COUNT(*) FROM {made} m JOIN {self.live(table)} t ON {same}")
        if int(found) != count:
            raise TransientFault(
                f"the server gave other people's rows numbers ({number}) between those of the load",
                where=table.name,
                next="repeat; nothing was committed",
            )

    def meets_keyless(self, table: Table, row: str, entry: str) -> str:
        return f"{entry}.{quoted('row')} IS NOT NULL AND {self.row_hash(table, row)} = {entry}.after"

    def find_keyless(self, table: Table, journal: str) -> None:
        """As many entries with a hash as there are rows that have it, of however many other people's: all are alike."""
        numbered = (
            f"SELECT j.entry, j.after, ROW_NUMBER() OVER (PARTITION BY j.after ORDER BY j.entry) AS n FROM {journal} j"
        )
        self.execute(f"UPDATE {journal} SET {quoted('row')} = NULL")
        self.execute(
            f"UPDATE {journal} j JOIN ({numbered}) e ON e.entry = j.entry"
            f" JOIN ({self._counted(table)}) l ON l.hash = e.after AND e.n <= l.n SET j.{quoted('row')} = 'there'"
        )

    def goes_keyless(self, table: Table, journal: str, alias: str) -> str:
        all_go = f"SELECT g.hash FROM ({_going(journal)}) g JOIN ({self._counted(table)}) l ON l.hash = g.hash"
        return f"{self.row_hash(table, alias)} IN ({all_go} WHERE g.n >= l.n)"

    def _counted(self, table: Table) -> str:
        return f"SELECT {self.row_hash(table, 't')} AS hash, COUNT(*) AS n FROM {self.live(table)} t GROUP BY hash"

    def delete_keyless(self, table: Table, journal: str) -> None:
        counted = f"({_going(journal)}) g JOIN ({self._counted(table)}) l ON l.hash = g.hash"
        [(wanted,)] = self.rows(f"SELECT COALESCE(SUM(g.n), 0) FROM ({_going(journal)}) g")
        shared = self.rows(f"SELECT HEX(g.hash), g.n FROM {counted} WHERE l.n > g.n")
        alone = f"(SELECT g.hash FROM {counted} WHERE l.n = g.n) j"
        gone = self.execute(self.delete(self.live(table), alone, f"{self.row_hash(table, 't')} = j.hash"))
        for hashed, number in shared:  # other people have equal rows: take as many as are ours
            own = f"{self.row_hash(table, self.live(table))} = X'{hashed}'"
            gone += self.execute(f"DELETE FROM {self.live(table)} WHERE {own} LIMIT {number}")
        if gone != int(wanted):
            raise TransientFault(
                "somebody wrote rows equal to those of the load meanwhile", where=table.name, next="repeat"
            )

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
        self._require_sight()
        self._refuse_other_engines(staged)
        self._refuse_neighbours(staged)
        self._refuse_last_numbers(staged)
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

    def _require_sight(self) -> None:
        """The server hides a table's triggers from who may not make any: they would fire unseen."""
        if lacking(self._connection, ("TRIGGER",)):
            user = self._connection.text("SELECT CURRENT_USER()")
            raise Fault(
                "a privilege is missing: without TRIGGER the server hides the triggers of its tables",
                where=self._where,
                next=granting(self._connection, user, ("TRIGGER",)),
            )

    def _refuse_neighbours(self, staged: Sequence[Staged]) -> None:
        """A rollback looks at every row that points at one of the load; in another database it cannot."""
        names = ", ".join(literal(one.table.name) for one in staged)
        found = self.rows(
            "SELECT referenced_table_name, CONCAT(table_schema, '.', table_name) FROM"
            " information_schema.key_column_usage WHERE referenced_table_schema = DATABASE()"
            f" AND table_schema <> DATABASE() AND referenced_table_name IN ({names}) LIMIT 1"
        )
        for name, child in found:
            raise Red(
                f"{child}, a table of another database, points at this one: a rollback could not look after its rows",
                where=name,
                next="drop that foreign key for the time in which the load may be taken back",
            )

    def _refuse_last_numbers(self, staged: Sequence[Staged]) -> None:
        """Before anything is written: the server's next number is not taken back with the transaction."""
        for one in staged:
            for column in one.table.columns:
                if column.identity and column.name in one.columns:
                    [(highest,)] = self.rows(f"SELECT MAX({quoted(column.name)}) FROM {self.stage(one)}")
                    if int(highest or 0) >= largest(column):
                        raise Red(
                            "the load takes the highest number there is: no ordinary INSERT would find a free one",
                            where=f"{one.table.name}.{column.name}",
                            next="remap this key in the mapping",
                        )

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
        if not self._begun:
            self.begin()
        if key:
            about = " AND ".join(f"t.{quoted(column)} = j.{key_column(column)}" for column in key)
            self._lock_rows(table, f"{journal} j", about, "FOR UPDATE")
            for unique in self._referenced(table):
                self._lock_in_index(table, unique, f"SELECT {{}} FROM {self.live(table)} t JOIN {journal} j ON {about}")
        else:
            self.rows(f"SELECT COUNT(*) FROM (SELECT 1 FROM {self.live(table)} t FOR UPDATE) q")

    def _referenced(self, table: Table) -> Iterator[UniqueKey]:
        """Unique keys, beside the primary one, that foreign keys point at: who adds a child locks nothing else."""
        found = self.rows(
            "SELECT DISTINCT referenced_column_name FROM information_schema.key_column_usage"
            f" WHERE referenced_table_schema = DATABASE() AND referenced_table_name = {literal(table.name)}"
        )
        columns = {name for (name,) in found}
        return (unique for unique in table.unique if columns & set(unique.columns))

    def _lock_in_index(self, table: Table, unique: UniqueKey, values: str) -> None:
        values = values.format(listed(unique.columns, "t."))
        found = f"({values}) v STRAIGHT_JOIN {self.live(table)} t FORCE INDEX ({quoted(unique.name or '')})"
        on = matched("t", "v", unique.columns)
        self.rows(f"SELECT COUNT(*) FROM (SELECT 1 FROM {found} ON {on} FOR UPDATE) q")

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


def _going(journal: str) -> str:
    """The hashes of found entries without a fate, each with how many there are."""
    return (
        f"SELECT after AS hash, COUNT(*) AS n FROM {journal} WHERE {quoted('row')} IS NOT NULL AND fate IS NULL"
        " GROUP BY after"
    )


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
