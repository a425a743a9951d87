"""One transaction on a MariaDB or MySQL target. Any CREATE or DROP would commit it: ours come before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from migrator.contracts import ACTION, KEEP, OVERWRITE, Digest, Staged
from migrator.platforms.mysql import triggers
from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.describe import describe
from migrator.platforms.mysql.held import OPTIONS, journalled_type, key_type
from migrator.platforms.mysql.keyless import Keyless
from migrator.platforms.mysql.locks import attempt_locks, holder_of, merge_lock, taken, wrested
from migrator.platforms.mysql.refusals import refuse
from migrator.platforms.mysql.staging import stage_name
from migrator.platforms.mysql.values import exact, largest, row_hash
from migrator.platforms.relational.deadline import Deadline
from migrator.platforms.relational.journal import JOURNAL, key_column
from migrator.platforms.relational.sqltext import listed, literal, matched, quoted
from migrator.platforms.relational.transaction import Transaction
from storage.errors import Fault, MigratorError, Red, TransientFault
from storage.schema import Column, Kind, Schema, Table, UniqueKey

_LOCK_WAIT_S = 30
_RENEWED = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = DATABASE() AND extra LIKE '%on update%'
"""


class MysqlTransaction(Transaction):
    """See migrator.platforms.relational.transaction. `run` names the staging its statements read; `by` is the run in
    whose name it writes, if its earlier attempts are to be ended."""

    enforces_references = False  # off for cycles while merging, off while undoing
    holding = " LOCK IN SHARE MODE"

    def __init__(
        self, connection: Connection, run: str, *, where: str, by: str = "", max_seconds: int | None = None
    ) -> None:
        self._connection = connection
        self._run = run
        self._by = by
        self._where = where
        self._deadline = Deadline(max_seconds, where)
        self._begun = False
        self._keyless = Keyless(self, run)
        self._renewed: dict[str, list[str]] | None = None  # by quoted table, once somebody asked
        self._made: list[str] = []  # tables of ours that go if the transaction does not commit
        self._going: list[str] = []  # tables of ours that go when it does

    # ── statements ──────────────────────────────────────────────────────────────────────────────────────────
    def execute(self, statement: str) -> int:
        with self._bounded() as bound:
            count = self._connection.execute(bound + statement)
        self._keyless.after(statement, count)
        return count

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self._bounded() as bound:
            return [tuple(map(_text, row)) for row in self._connection.rows(bound + query)]

    @contextmanager
    def _bounded(self) -> Iterator[str]:
        """What stands before a statement so that it takes no more time than is left; MySQL bounds what reads only."""
        if (left := self._deadline.left) is None:
            yield ""
            return
        left = max(0.001, left)
        if not self._connection.is_mariadb:
            self._connection.execute(f"SET SESSION max_execution_time = {round(left * 1000) or 1}")
        try:
            yield f"SET STATEMENT max_statement_time = {left:.3f} FOR " if self._connection.is_mariadb else ""
        except MigratorError as error:
            if isinstance(error, Red) or not self._deadline.is_over:
                raise
            raise self._deadline.passed() from error

    def require_time(self) -> None:
        self._deadline.require()

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
        with _at(one.table.name):
            yield

    def commit(self) -> None:
        self._made.clear()  # from here on they may be a committed load's; where they are not, the next run sweeps
        try:
            self._connection.execute("COMMIT")
        except TransientFault as fault:
            raise TransientFault(
                f"whether the commit was made cannot be told: {fault.what}",
                where=self._where,
                next="repeat: what was committed is recognised, and not done twice",
            ) from fault
        self._begun = False
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
        """Loads into one database, and their undoing, wait for each other; the lock goes with the connection.

        An earlier attempt in the same name is ended first: a server misses a client that vanished after hours.
        """
        if self._by:
            _, own = attempt_locks(self._connection, self._by)
            wrested(self._connection, own, patience_s=_LOCK_WAIT_S)
        alone = merge_lock(self._connection)
        if not taken(self._connection, alone, patience_s=_LOCK_WAIT_S):
            holder = holder_of(self._connection, alone)
            ends = f" (KILL {holder} ends the connection that does, where its machine is gone)" if holder else ""
            raise TransientFault(
                "another load into this target, or its rollback, is going on",
                where=self._where,
                next=f"wait, then repeat{ends}",
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
        chosen = table.columns if columns is None else [table.column(name) for name in columns]
        return row_hash(table, alias, chosen)

    def digest(self, hashes: str) -> Digest:
        half = "SUM(CAST(CONV(HEX({}(d.hash, 8)), 16, 10) AS DECIMAL(20)))"
        [(rows, high, low)] = self.rows(
            f"SELECT COUNT(*), {half.format('LEFT')}, {half.format('RIGHT')} FROM ({hashes}) d"
        )
        return Digest(rows=int(rows), total=((int(high or 0) << 64) + int(low or 0)) % (1 << 128))

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────
    def insert(self, one: Staged, values: str, source: str) -> str:
        return super().insert(one, values, source) if one.key else self._keyless.insert(one)

    def update(
        self, table: str, assignments: Sequence[tuple[str, str]], other: str, on: str, *, alias: str = "t"
    ) -> str:
        given = {column for column, _ in assignments}
        kept = [(column, f"{alias}.{quoted(column)}") for column in self._renewing(table) if column not in given]
        setting = ", ".join(f"{alias}.{quoted(column)} = {value}" for column, value in (*assignments, *kept))
        return f"UPDATE {table} {alias} JOIN {other} ON {on} SET {setting}"

    def _renewing(self, table: str) -> Sequence[str]:
        """Columns of the table that an UPDATE sets to the present by itself, unless it says otherwise."""
        if self._renewed is None:
            self._renewed = defaultdict(list)
            for name, column in self.rows(_RENEWED):
                self._renewed[quoted(name)].append(column)
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
        options = f"{OPTIONS} COLLATE utf8mb4_bin"
        with _at(name):
            if name.startswith(JOURNAL):
                self._drop([name])  # no transaction took back what an attempt made whose connection was lost
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

    # ── rows without a key ──────────────────────────────────────────────────────────────────────────────────
    def before_creating(self, one: Staged) -> None:
        self._keyless.make(one)

    def created(self, one: Staged) -> str | None:
        return self._keyless.made(one)

    def meets_keyless(self, table: Table, row: str, entry: str) -> str:
        return self._keyless.meets(table, row, entry)

    def find_keyless(self, table: Table, journal: str) -> None:
        self._keyless.find(table, journal)

    def goes_keyless(self, table: Table, journal: str, alias: str) -> str:
        return self._keyless.goes(table, journal, alias)

    def delete_keyless(self, table: Table, journal: str) -> None:
        self._keyless.delete(table, journal)

    # ── triggers ────────────────────────────────────────────────────────────────────────────────────────────
    def silence_triggers(self, tables: Sequence[Table], *, inserting: bool) -> None:
        """None may be there that would fire."""
        triggers.refuse_firing(self, tables, inserting=inserting)

    def restore_triggers(self) -> None:
        """None was disabled."""

    def written_by_triggers(self, staged: Sequence[Staged]) -> set[str]:
        tables = [one.table for one in staged]
        self.silence_triggers(tables, inserting=False)  # or the load could not be taken back
        return triggers.written(self, tables)

    # ── locks and checks ────────────────────────────────────────────────────────────────────────────────────
    def lock(self, staged: Sequence[Staged]) -> None:
        """Rows to overwrite against everybody, rows to keep against changes."""
        refuse(self._connection, self, staged, self._where)
        for one in staged:
            if not one.key:
                self._make_beside(one.table)
        self.begin()
        for one in staged:
            if one.key:
                for action, strength in ((OVERWRITE, "FOR UPDATE"), (KEEP, "LOCK IN SHARE MODE")):
                    on = f"{matched('t', 's', one.key)} AND s.{quoted(ACTION)} = '{action}'"
                    self._lock_rows(one.table, f"{self.stage(one)} s", on, strength)

    def _lock_rows(self, table: Table, other: str, on: str, strength: str) -> None:
        # counted, so that no row travels; the lock is taken on every row that is counted
        self.rows(f"SELECT COUNT(*) FROM (SELECT 1 FROM {self.live(table)} t JOIN {other} ON {on} {strength}) q")

    def _make_beside(self, table: Table) -> None:
        name = self._keyless.beside(table)
        self._drop([name])  # of an attempt whose connection was lost
        self._connection.execute(f"CREATE TABLE {self.own(name)} LIKE {self.live(table)}")
        self._made.append(name)
        self._going.append(name)

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
            self.lock_against_writers(table)

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


@contextmanager
def _at(where: str) -> Iterator[None]:
    """The server names a table at most by its number: say which it was."""
    try:
        yield
    except Red as red:
        raise Red(red.what, where=where, next=red.next) from red


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")
