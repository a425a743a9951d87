"""What becomes of each row of a load that is taken back: decided as data, before anything is touched.

A created row goes unless somebody edited it, or a row that stays points at it; an overwritten row gets its
before-image unless somebody edited or deleted it, or the image no longer fits. What stays is listed, never forced.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from migrator.contracts import CREATE, OVERWRITE, Staged
from migrator.platforms.relational.sqltext import quoted
from migrator.platforms.sqlite.hashing import row_hash
from migrator.platforms.sqlite.identity import locator
from migrator.platforms.sqlite.journal import before_column, key_column, live_name
from storage.schema import ForeignKey, Schema, Table

KEPT, FAILED = "kept", "failed"
RESTORED = "restored"
"""The action of a journal entry whose row has its before-image again, while other rows of the load stay."""


@dataclass(frozen=True, kw_only=True)
class Journalled:
    """One journalled table with the names its statements need. `rows` is a temporary table: the fate of each row.

    It has the journal's own rowid (`entry`), the locator of the live `row` (NULL: gone), `action`, `why` (NULL: take
    it back) and `fate` (kept or failed where `why` is set).
    """

    staged: Staged
    journal: str
    rows: str

    @property
    def going(self) -> str:
        """The query for the live rows that are taken back."""
        return f"SELECT row FROM {self.rows} WHERE why IS NULL AND row IS NOT NULL"

    @property
    def live(self) -> str:
        return live_name(self.staged.table)


class Fates:
    """`decide()` fills the `rows` of every journalled table."""

    def __init__(self, connection: sqlite3.Connection, schema: Schema, tables: Sequence[Journalled]) -> None:
        self._connection = connection
        self._schema = schema
        self._tables = tables

    def decide(self) -> None:
        for one in self._tables:
            self._locate(one)
            self._keep_edited(one)
        # what stays may hold what another row needs to go back: until nothing changes
        while self._keep_what_is_needed() + sum(map(self._fail_what_no_longer_fits, self._tables)):
            pass

    # ── which live row is meant ─────────────────────────────────────────────────────────────────────────────
    def _locate(self, one: Journalled) -> None:
        self._connection.execute(
            f"CREATE TEMP TABLE {one.rows[5:]} (entry INTEGER PRIMARY KEY, row, action, why, fate)"
        )
        row = locator(one.staged.table, "t")
        on = " AND ".join(f"t.{quoted(column)} = j.{key_column(column)}" for column in one.staged.key)
        if not on:  # a rowid may have been given anew: it must be the same row still
            on = f"{row} = j.row AND {row_hash(one.staged.table, 't')} = j.after"
        found = (
            f"SELECT j.rowid, {row}, j.action FROM {one.journal} j LEFT JOIN {one.live} t ON {on}"
            f" WHERE j.action <> '{RESTORED}'"
        )
        self._connection.execute(f"INSERT INTO {one.rows} (entry, row, action) {found}")
        self._connection.execute(f"CREATE INDEX temp.{one.rows[5:]}_row ON {one.rows[5:]} (row)")

    # ── what stays ──────────────────────────────────────────────────────────────────────────────────────────
    def _keep_edited(self, one: Journalled) -> None:
        self._set(one, f"row IS NULL AND action = '{OVERWRITE}'", KEPT, "deleted since the load")
        if not one.staged.key:
            self._set(one, "row IS NULL", KEPT, "edited or deleted since the load")
            return
        edited = (
            f"SELECT u.entry FROM {one.rows} u JOIN {one.journal} j ON j.rowid = u.entry"
            f" JOIN {one.live} t ON {locator(one.staged.table, 't')} = u.row"
            f" WHERE {row_hash(one.staged.table, 't')} IS NOT j.after"
        )
        self._set(one, f"entry IN ({edited})", KEPT, "edited since the load")

    def _keep_what_is_needed(self) -> int:
        """A created row that a staying row points at stays too; returns how many this found."""
        by_name = {one.staged.table.name: one for one in self._tables}
        return sum(
            self._keep_parents(child, key, by_name)
            for child in self._schema.tables
            for key in child.foreign_keys
            if key.parent in by_name
        )

    def _keep_parents(self, child: Table, key: ForeignKey, journalled: dict[str, Journalled]) -> int:
        parent = journalled[key.parent]
        on = " AND ".join(
            f"t.{quoted(theirs)} = c.{quoted(ours)}"
            for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
        )
        goes = ""
        if child.name in journalled:
            goes = f" AND {locator(child, 'c')} NOT IN ({journalled[child.name].going})"
        # a join, so that SQLite may begin at either end: where no index leads to the children, they are read once
        needed = (
            f"SELECT u.entry FROM {parent.rows} u JOIN {parent.live} t ON {locator(parent.staged.table, 't')} = u.row"
            f" JOIN main.{quoted(child.name)} c ON {on} WHERE u.action = '{CREATE}' AND u.why IS NULL{goes}"
        )
        return self._set(parent, f"entry IN ({needed})", KEPT, f"a row of {child.name} that stays points at it")

    def _fail_what_no_longer_fits(self, one: Journalled) -> int:
        """A before-image whose parent is gone, or whose unique value a row that stays has now; how many this found."""
        found = 0
        base = (
            f"SELECT u.entry FROM {one.rows} u JOIN {one.journal} j ON j.rowid = u.entry WHERE u.action = '{OVERWRITE}'"
        )
        for key in one.staged.table.foreign_keys:
            image = " AND ".join(f"j.{before_column(column)} IS NOT NULL" for column in key.columns)
            parent = " AND ".join(
                f"p.{quoted(theirs)} = j.{before_column(ours)}"
                for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
            )
            missing = f"{base} AND {image} AND NOT EXISTS (SELECT 1 FROM main.{quoted(key.parent)} p WHERE {parent})"
            found += self._set(one, f"entry IN ({missing})", FAILED, f"its former {key.parent} is gone")
        for unique in one.staged.table.unique:
            taken = " AND ".join(f"o.{quoted(column)} = j.{before_column(column)}" for column in unique.columns)
            other = (
                f"SELECT 1 FROM {one.live} o WHERE {taken} AND {locator(one.staged.table, 'o')} <> u.row"
                f" AND {locator(one.staged.table, 'o')} NOT IN ({one.going})"
            )
            why = f"another row has its former {', '.join(unique.columns)} now"
            found += self._set(one, f"entry IN ({base} AND EXISTS ({other}))", FAILED, why)
        return found

    def _set(self, one: Journalled, condition: str, fate: str, why: str) -> int:
        return self._connection.execute(
            f"UPDATE {one.rows} SET fate = ?, why = ? WHERE why IS NULL AND {condition}",
            (fate, why),
        ).rowcount
