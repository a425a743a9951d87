"""One transaction on a SQLite file; staging is attached beside it, and nobody else writes meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from migrator.contracts import Digest, Staged
from migrator.platforms.relational.sqltext import quoted
from migrator.platforms.relational.transaction import Transaction
from migrator.platforms.sqlite.describe import describe
from migrator.platforms.sqlite.hashing import digest_of, row_hash
from migrator.platforms.sqlite.identity import rowid
from migrator.platforms.sqlite.staging import stage_name
from migrator.platforms.sqlite.watermarks import Watermarks
from storage.errors import Red
from storage.schema import Column, Schema, Table

_HIGHEST = (1 << 63) - 1
_ROW_WRITES = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)


class SqliteTransaction(Transaction):
    """See migrator.platforms.relational.transaction."""

    enforces_references = False  # deferred to the commit while merging, off while undoing

    def __init__(self, connection: sqlite3.Connection, require_time: Callable[[], None] = lambda: None) -> None:
        self._connection = connection
        self._require_time = require_time
        self._watermarks = Watermarks(connection)
        self._silenced: list[str] = []  # the triggers that were dropped, as their own text

    # ── statements ──────────────────────────────────────────────────────────────────────────────────────────
    def execute(self, statement: str) -> int:
        return self._connection.execute(statement).rowcount

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()

    def describe(self) -> Schema:
        return describe(self._connection)

    def require_time(self) -> None:
        self._require_time()

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    @contextmanager
    def watching(self, one: Staged) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise Red(
                f"the target refuses the rows: {error}",
                where=one.table.name,
                next="the constraint is the target's own: mend the mapping, or reject these rows with a reason",
            ) from error

    # ── names ───────────────────────────────────────────────────────────────────────────────────────────────
    def live(self, table: Table) -> str:
        return f"main.{quoted(table.name)}"

    def stage(self, one: Staged) -> str:
        return stage_name(one)

    def own(self, name: str) -> str:
        return f"main.{quoted(name)}"

    def owns(self, name: str) -> bool:
        query = "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = ?"
        return self._connection.execute(query, (name,)).fetchone() is not None

    # ── expressions ─────────────────────────────────────────────────────────────────────────────────────────
    def differs(self, one: Staged, column: str) -> str:
        name = quoted(column)
        return f"t.{name} COLLATE BINARY IS NOT s.{name} OR typeof(t.{name}) <> typeof(s.{name})"

    def is_distinct(self, left: str, right: str) -> str:
        return f"{left} IS NOT {right}"

    def row_hash(self, table: Table, alias: str, columns: Sequence[str] | None = None) -> str:
        return row_hash(table, alias, columns)

    def digest(self, hashes: str) -> Digest:
        return digest_of(self._connection, hashes)

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────
    def update(
        self, table: str, assignments: Sequence[tuple[str, str]], other: str, on: str, *, alias: str = "t"
    ) -> str:
        setting = ", ".join(f"{quoted(column)} = {value}" for column, value in assignments)
        return f"UPDATE {table} AS {alias} SET {setting} FROM {other} WHERE {on}"

    def delete(self, live: str, other: str, on: str) -> str:
        return f"DELETE FROM {live} AS t WHERE EXISTS (SELECT 1 FROM {other} WHERE {on})"

    def write_together(self, statements: Sequence[str]) -> None:
        for statement in statements:
            self._connection.execute(statement)

    def create_own(self, name: str, columns: Sequence[tuple[str, str]], key: Sequence[str] = ()) -> None:
        parts = [f"{column} {type_}".strip() for column, type_ in columns]
        if key:
            parts.append(f"UNIQUE ({', '.join(key)})")
        self._connection.execute(f"CREATE TABLE {self.own(name)} ({', '.join(parts)})")

    def drop_own(self, name: str) -> None:
        self._connection.execute(f"DROP TABLE IF EXISTS {self.own(name)}")

    def stored_type(self, column: Column) -> str:
        return ""  # a column without a type keeps every value as it is

    def key_type(self, column: Column) -> str:
        """Declared as the live column is: an index serves only where both sides are compared by the same rules."""
        native = "" if column.native.upper() == "ANY" else column.native
        return f"{native} COLLATE {quoted(column.collation or 'BINARY')}"

    entry_type = "INTEGER PRIMARY KEY"

    # ── rows without a key: the rowid tells them apart ──────────────────────────────────────────────────────
    def before_creating(self, one: Staged) -> None:
        self._watermarks.take(one.table)

    def created(self, one: Staged) -> str | None:
        if not self._watermarks.knows(one.table):
            return None
        return f"FROM {self.live(one.table)} t WHERE {self._watermarks.is_new(one.table)}"

    def locator(self, table: Table) -> str:
        return f"t.{rowid(table)}"

    def meets_keyless(self, table: Table, row: str, entry: str) -> str:
        return f"{row}.{rowid(table)} = CAST({entry}.{quoted('row')} AS INTEGER)"

    def find_keyless(self, table: Table, journal: str) -> None:
        # a rowid may have been given anew: it must be the same row still
        same = f"{self.meets_keyless(table, 't', 'j')} AND {row_hash(table, 't')} = j.after"
        self._connection.execute(
            f"UPDATE {journal} AS j SET {quoted('row')} = NULL"
            f" WHERE NOT EXISTS (SELECT 1 FROM {self.live(table)} t WHERE {same})"
        )

    # ── triggers ────────────────────────────────────────────────────────────────────────────────────────────
    def silence_triggers(self, tables: Sequence[Table], *, inserting: bool) -> None:
        """SQLite has no switch: they are dropped, and made again by their own text."""
        for table in tables:
            for name in table.triggers:
                query = "SELECT sql FROM main.sqlite_master WHERE type = 'trigger' AND name = ?"
                self._silenced.append(str(self._connection.execute(query, (name,)).fetchone()[0]))
                self._connection.execute(f"DROP TRIGGER main.{quoted(name)}")

    def restore_triggers(self) -> None:
        while self._silenced:
            self._connection.execute(self._silenced.pop(0))

    def written_by_triggers(self, staged: Sequence[Staged]) -> set[str]:
        """SQLite says of every statement it prepares which trigger would write what."""
        written: set[str] = set()

        def noted(action: int, table: str | None, _two: str | None, _database: str | None, trigger: str | None) -> int:
            if trigger is not None and action in _ROW_WRITES and table is not None:
                written.add(table)
            return sqlite3.SQLITE_OK

        self._connection.set_authorizer(noted)
        try:
            for one in staged:
                live = self.live(one.table)
                same = ", ".join(f"{quoted(column)} = {quoted(column)}" for column in one.columns)
                for statement in (f"INSERT INTO {live} DEFAULT VALUES", f"UPDATE {live} SET {same}"):
                    self._connection.execute(f"EXPLAIN {statement}").fetchall()
        finally:
            self._connection.set_authorizer(None)
        return written

    # ── locks and checks ────────────────────────────────────────────────────────────────────────────────────
    def lock(self, staged: Sequence[Staged]) -> None:
        """BEGIN IMMEDIATE holds the one write lock there is."""

    def lock_against_writers(self, table: Table) -> None:
        """See `lock`."""

    def lock_journalled(self, table: Table, journal: str, key: Sequence[str]) -> None:
        """See `lock`."""

    def sequence_problems(self, table: Table) -> Iterator[str]:
        """An ordinary INSERT takes max(rowid) + 1 or the sequence's next: it must be possible."""
        if self._watermarks.highest(table) >= _HIGHEST:
            yield f"{table.name}: the highest key possible is taken, an ordinary INSERT would fail"

    def parked(self, table: Table, column: Column) -> str | None:
        return "'migrator ' || hex(randomblob(16))"  # any column takes a text, unless the table is STRICT
