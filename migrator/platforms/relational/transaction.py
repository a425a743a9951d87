"""One transaction on one SQL platform, in its dialect: all that the merge and its undoing ask of a driver."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from migrator.contracts import Digest, Staged
from migrator.platforms.relational.sqltext import listed, quoted
from storage.schema import Column, ForeignKey, Schema, Table, UniqueKey

LONGEST_NAME = 63
"""Bytes every platform allows a name (PostgreSQL 63, MariaDB 64, SQLite any)."""


class Transaction(ABC):
    """A connection inside its transaction. Statements carry their values as literals: they are ours, not a person's.

    Row aliases are fixed throughout: `t` a live row, `s` a staged one, `j` a journal entry.
    """

    # ── statements ──────────────────────────────────────────────────────────────────────────────────────────
    @abstractmethod
    def execute(self, statement: str) -> int:
        """Run one statement; how many rows it touched. Red on a violated constraint."""

    @abstractmethod
    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query whose result is known to be short."""

    @abstractmethod
    def describe(self) -> Schema:
        """The target's own tables, as this transaction sees them."""

    @abstractmethod
    def require_time(self) -> None:
        """Red where the locks have been held for longer than the plan allows."""

    @abstractmethod
    def commit(self) -> None: ...

    @contextmanager
    def watching(self, one: Staged) -> Iterator[None]:
        """A place to say which table a violated constraint belongs to."""
        yield

    # ── names ───────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def home(self) -> str:
        """The schema that bare table names mean, where that depends on who asks."""
        return ""

    @abstractmethod
    def live(self, table: Table) -> str:
        """The quoted name of a live table, whatever else is in reach."""

    def elsewhere(self, parent: str) -> str | None:
        """The quoted name of a table that a foreign key names and `describe` does not; None if it is out of reach."""
        return None

    @abstractmethod
    def stage(self, one: Staged) -> str:
        """The quoted name of a table's staging."""

    @abstractmethod
    def own(self, name: str) -> str:
        """The quoted name of a table this software keeps in the target."""

    @abstractmethod
    def owns(self, name: str) -> bool:
        """Whether that table is there."""

    # ── expressions ─────────────────────────────────────────────────────────────────────────────────────────
    def staged_value(self, one: Staged, column: str) -> str:
        """A staged value as the live column's type has it."""
        return f"s.{quoted(column)}"

    @abstractmethod
    def differs(self, one: Staged, column: str) -> str:
        """The condition that the live value is not exactly the staged one: NULL, case and spaces count."""

    @abstractmethod
    def is_distinct(self, left: str, right: str) -> str:
        """The condition that two values are not equal, where NULL equals NULL."""

    @abstractmethod
    def row_hash(self, table: Table, alias: str, columns: Sequence[str] | None = None) -> str:
        """The hash of one row: all of the table's columns, or just these."""

    def staged_hash(self, one: Staged) -> str:
        """The hash of a staged row of alias `s`: the one its live row has over the columns the mapping fills."""
        return self.row_hash(one.table, "s", one.columns)

    @abstractmethod
    def digest(self, hashes: str) -> Digest:
        """The digest of a query that gives one column `hash`."""

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────
    def insert(self, one: Staged, values: str, source: str) -> str:
        """The statement that creates rows: expressions over `source`, which is staging with its condition."""
        return f"INSERT INTO {self.live(one.table)} ({listed(one.columns)}) SELECT {values} FROM {source}"

    @abstractmethod
    def update(
        self, table: str, assignments: Sequence[tuple[str, str]], other: str, on: str, *, alias: str = "t"
    ) -> str:
        """The statement that sets columns of a table from the rows of `other` (with its alias) they meet."""

    def unique_keys(self, table: Table) -> Sequence[UniqueKey]:
        """What no two rows may share: the primary key, the declared ones, and those that hold for some rows only."""
        primary = [UniqueKey(name="primary key", columns=table.primary_key)] if table.primary_key else []
        return (*primary, *table.unique)

    def fixed_columns(self, table: Table) -> frozenset[str]:
        """Columns that an INSERT may set, and no UPDATE."""
        return frozenset()

    @abstractmethod
    def delete(self, live: str, other: str, on: str) -> str:
        """The statement that deletes the rows of `live` (alias t) that meet a row of `other` (with its alias)."""

    @abstractmethod
    def write_together(self, statements: Sequence[str]) -> None:
        """Run statements whose rows refer to each other: their foreign keys hold when all are done."""

    @abstractmethod
    def create_own(self, name: str, columns: Sequence[tuple[str, str]], key: Sequence[str] = ()) -> None:
        """Make a table of ours of these (name, type) columns; a first column of the type `entry` numbers its rows."""

    @abstractmethod
    def drop_own(self, name: str) -> None: ...

    def index_own(self, name: str, key: Sequence[str]) -> None:
        """What `create_own` made (by its quoted name) has its rows now: a platform may have waited to index them."""
        return

    def learn_sizes(self, tables: Sequence[str]) -> None:
        """Let the platform learn how large these tables (quoted names) have become, where its plans depend on it."""
        return

    @abstractmethod
    def stored_type(self, column: Column) -> str:
        """The type that holds a value of the column exactly, without its constraints."""

    def key_type(self, column: Column) -> str:
        """The same for a column of a key, which is searched by."""
        return self.stored_type(column)

    text_type = "TEXT"
    hash_type = "BLOB"
    entry_type = "INTEGER"

    # ── rows without a key ──────────────────────────────────────────────────────────────────────────────────
    @abstractmethod
    def before_creating(self, one: Staged) -> None:
        """Remember what tells the rows about to be created in a table without a key from those already there."""

    @abstractmethod
    def created(self, one: Staged) -> str | None:
        """`FROM … t WHERE …` of the rows created in a table without a key; None before there are any."""

    def locator(self, table: Table) -> str:
        """What is journalled of a created row `t` of a table without a key, beside its hash, to find it again."""
        return "NULL"

    @abstractmethod
    def meets_keyless(self, table: Table, row: str, entry: str) -> str:
        """The condition that a journal entry, once found, is about a live row; several may be alike."""

    @abstractmethod
    def find_keyless(self, table: Table, journal: str) -> None:
        """Set `row` in each journal entry whose row is still there as the load left it, NULL in the others."""

    def goes_keyless(self, table: Table, journal: str, alias: str) -> str:
        """The condition that a live row is one that found entries without a fate take back."""
        about = f"{self.meets_keyless(table, alias, 'g')} AND g.fate IS NULL"
        return f"EXISTS (SELECT 1 FROM {journal} g WHERE {about})"

    def delete_keyless(self, table: Table, journal: str) -> None:
        """Delete the live rows of found entries without a fate, and no equal row of other people's."""
        about = f"{self.meets_keyless(table, 't', 'j')} AND j.fate IS NULL"
        self.execute(self.delete(self.live(table), f"{journal} j", about))

    # ── triggers ────────────────────────────────────────────────────────────────────────────────────────────
    @abstractmethod
    def silence_triggers(self, tables: Sequence[Table], *, inserting: bool) -> None:
        """Disable the triggers of these tables until the end of the transaction, which restores them as they were.

        Red where the platform cannot, and one of them would fire: on updates and deletes, and (`inserting`) on inserts.
        """

    @abstractmethod
    def restore_triggers(self) -> None:
        """Enable what `silence_triggers` disabled, before the commit."""

    @abstractmethod
    def written_by_triggers(self, staged: Sequence[Staged]) -> set[str]:
        """The tables that firing triggers have written, or may write, beside the rows that were loaded."""

    def drop_temporary(self, name: str) -> str:
        """The statement that drops a temporary table."""
        return f"DROP TABLE {name}"

    # ── locks and checks ────────────────────────────────────────────────────────────────────────────────────
    @abstractmethod
    def lock(self, staged: Sequence[Staged]) -> None:
        """Lock the live rows that staging names, so that what is looked at next stays true until the end."""

    @abstractmethod
    def lock_against_writers(self, table: Table) -> None:
        """From now until the end nobody else writes the table."""

    @abstractmethod
    def lock_journalled(self, table: Table, journal: str, key: Sequence[str]) -> None:
        """Lock the live rows a journal names, against changes and against new rows that would point at them."""

    holding = ""
    """What stands at the end of a subquery so that the rows it finds stay, where nobody else sees to it."""

    @property
    @abstractmethod
    def enforces_references(self) -> bool:
        """Whether the platform itself refuses rows that point at nothing, in every statement of this transaction."""

    def check_deferred(self) -> None:
        """Raise now what the platform would otherwise only find at the commit."""
        return

    @abstractmethod
    def sequence_problems(self, table: Table) -> Iterator[str]:
        """Why an ordinary INSERT would not find a free key; sequences that lag behind are first advanced."""

    @abstractmethod
    def parked(self, table: Table, column: Column) -> str | None:
        """A value no row has, for a unique column that must be out of the way for a moment; None if there is none."""


def pointing(child: str, parent: str, key: ForeignKey) -> str:
    """The condition that a row of alias `child` points at one of alias `parent`."""
    pairs = zip(key.columns, key.parent_columns, strict=True)
    return " AND ".join(f"{parent}.{quoted(theirs)} = {child}.{quoted(ours)}" for ours, theirs in pairs)


def live_parent(transaction: Transaction, tables: Mapping[str, Table], key: ForeignKey) -> str | None:
    """The quoted name of the table a foreign key points at; None where it is out of reach."""
    known = tables.get(key.parent)
    return transaction.live(known) if known else transaction.elsewhere(key.parent)


def shortened(name: str) -> str:
    """The name itself, or its beginning with a hash of the whole where platforms would cut it off."""
    if len(name.encode()) <= LONGEST_NAME:
        return name
    return f"{cut(name)}:{hashlib.blake2b(name.encode(), digest_size=8).hexdigest()}"


def cut(name: str) -> str:
    """The beginning that `shortened` leaves of any name."""
    return name.encode()[: LONGEST_NAME - 17].decode(errors="ignore")
