"""What becomes of each row of a load that is taken back: decided as data, before anything is touched.

A created row goes unless somebody edited it, or a row that stays points at it; an overwritten row gets its
before-image unless somebody edited or deleted it, or the image no longer fits. What stays is listed, never forced.
"""

from __future__ import annotations

from collections.abc import Sequence

from migrator.contracts import CREATE, OVERWRITE
from migrator.platforms.relational.journal import Journal, before_column
from migrator.platforms.relational.sqltext import literal, quoted
from migrator.platforms.relational.transaction import Transaction, live_parent, pointing
from storage.schema import ForeignKey, Schema, Table

KEPT, FAILED = "kept", "failed"


class Fates:
    """`decide()` fills `fate` and `why` of every journal entry that is not taken back."""

    def __init__(
        self, transaction: Transaction, schema: Schema, journals: Sequence[Journal], lost: Sequence[Journal]
    ) -> None:
        self._transaction = transaction
        self._schema = schema
        self._lost = lost  # of tables whose rows cannot be found
        self._journals = {journal.staged.table.name: journal for journal in journals}

    def decide(self) -> None:
        for journal in (*self._lost, *self._journals.values()):
            self._transaction.execute(f"UPDATE {journal.name} SET fate = NULL, why = NULL WHERE fate IS NOT NULL")
        for journal in self._lost:
            self._set(journal, "0 = 0", FAILED, "its table, or the key of it, is not there by that name any more")
        for journal in self._journals.values():
            self._keep_edited(journal)
        # what stays may hold what another row needs to go back: until nothing changes
        while self._keep_what_is_needed() + sum(map(self._fail_what_no_longer_fits, self._journals.values())):
            pass

    # ── what stays ──────────────────────────────────────────────────────────────────────────────────────────
    def _keep_edited(self, journal: Journal) -> None:
        table, live = journal.staged.table, journal.live
        if not journal.staged.key:
            self._transaction.find_keyless(table, journal.name)
            self._set(journal, f"j.{quoted('row')} IS NULL", KEPT, "edited or deleted since the load")
            return
        gone = f"NOT EXISTS (SELECT 1 FROM {live} t WHERE {journal.meets()})"
        self._set(journal, f"j.action = '{OVERWRITE}' AND {gone}", KEPT, "deleted since the load")
        changed = self._transaction.is_distinct(self._transaction.row_hash(table, "t"), "j.after")
        edited = f"EXISTS (SELECT 1 FROM {live} t WHERE {journal.meets()} AND {changed})"
        self._set(journal, edited, KEPT, "edited since the load")

    def _keep_what_is_needed(self) -> int:
        """A created row that a staying row points at stays too; returns how many this found."""
        return sum(
            self._keep_parents(child, key)
            for child in self._schema.tables
            for key in child.foreign_keys
            if key.parent in self._journals
        )

    def _keep_parents(self, child: Table, key: ForeignKey) -> int:
        parent = self._journals[key.parent]
        stays = ""
        if child.name in self._journals:
            stays = f" AND NOT ({self._goes(self._journals[child.name], 'c')})"
        # a join, so that the platform may begin at either end: where no index leads to the children, they are read once
        needed = (
            f"SELECT j.entry FROM {parent.name} j JOIN {parent.live} t"
            f" ON {parent.meets()} JOIN {self._transaction.live(child)} c ON {pointing('c', 't', key)}"
            f" WHERE {self._takes_away(parent, key)} AND {parent.is_undecided()}{stays}"
        )
        return self._set_entries(parent, needed, KEPT, f"a row of {child.name} that stays points at it")

    def _takes_away(self, parent: Journal, key: ForeignKey) -> str:
        """The condition that taking an entry back takes away what the key points at: the row, or its value."""
        moved = [
            self._transaction.is_distinct(f"t.{quoted(column)}", f"j.{before_column(column)}")
            for column in key.parent_columns
            if column not in parent.staged.key
        ]
        if not moved or not parent.restores:
            return f"j.action = '{CREATE}'"
        return f"(j.action = '{CREATE}' OR j.action = '{OVERWRITE}' AND ({' OR '.join(moved)}))"

    def _goes(self, journal: Journal, alias: str) -> str:
        """The condition that a live row is one that is taken back."""
        if not journal.staged.key:
            return self._transaction.goes_keyless(journal.staged.table, journal.name, alias)
        condition = f"{journal.meets(alias, 'g')} AND {journal.is_undecided('g')}"
        return f"EXISTS (SELECT 1 FROM {journal.name} g WHERE {condition})"

    def _fail_what_no_longer_fits(self, journal: Journal) -> int:
        """A before-image whose parent is gone, or whose unique value a row that stays has now; how many this found."""
        if not journal.restores:
            return 0
        restored = f"SELECT j.entry FROM {journal.name} j WHERE j.action = '{OVERWRITE}' AND {journal.is_undecided()}"
        return self._fail_orphans(journal, restored) + self._fail_duplicates(journal, restored)

    def _fail_orphans(self, journal: Journal, restored: str) -> int:
        found, by_name = 0, {table.name: table for table in self._schema.tables}
        for key in journal.staged.table.foreign_keys:
            live = live_parent(self._transaction, by_name, key)
            if live is None:
                continue  # out of this user's sight: the platform checks it itself
            image = " AND ".join(f"j.{before_column(column)} IS NOT NULL" for column in key.columns)
            parent = " AND ".join(
                f"p.{quoted(theirs)} = j.{before_column(ours)}"
                for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
            )
            there = f"SELECT 1 FROM {live} p WHERE {parent}{self._transaction.holding}"
            missing = f"{restored} AND {image} AND NOT EXISTS ({there}){self._comes_back(key)}"
            found += self._set_entries(journal, missing, FAILED, f"its former {key.parent} is gone")
        return found

    def _comes_back(self, key: ForeignKey) -> str:
        """The condition that no parent gets the value back that an image points at."""
        parent = self._journals.get(key.parent)
        if parent is None or not parent.restores:
            return ""
        same = " AND ".join(
            f"k.{before_column(theirs)} = j.{before_column(ours)}"
            for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
        )
        image = (
            f"SELECT 1 FROM {parent.name} k WHERE k.action = '{OVERWRITE}' AND {parent.is_undecided('k')} AND {same}"
        )
        return f" AND NOT EXISTS ({image})"

    def _fail_duplicates(self, journal: Journal, restored: str) -> int:
        found, table = 0, journal.staged.table
        for unique in table.unique:
            taken = " AND ".join(f"o.{quoted(column)} = j.{before_column(column)}" for column in unique.columns)
            same = " AND ".join(f"o.{quoted(column)} = j.{before_column(column)}" for column in table.primary_key)
            other = (
                f"SELECT 1 FROM {journal.live} o WHERE {taken}"
                f" AND NOT ({same or 'false'}) AND NOT ({self._goes(journal, 'o')})"
            )
            why = f"another row has its former {', '.join(unique.columns)} now"
            found += self._set_entries(journal, f"{restored} AND EXISTS ({other})", FAILED, why)
        return found

    # ── writing it down ─────────────────────────────────────────────────────────────────────────────────────
    def _set(self, journal: Journal, condition: str, fate: str, why: str) -> int:
        entries = f"SELECT j.entry FROM {journal.name} j WHERE {condition} AND {journal.is_undecided()}"
        return self._set_entries(journal, entries, fate, why)

    def _set_entries(self, journal: Journal, entries: str, fate: str, why: str) -> int:
        # the query stands in a derived table: MariaDB reads no table that the same statement writes
        return self._transaction.execute(
            f"UPDATE {journal.name} SET fate = {literal(fate)}, why = {literal(why)}"
            f" WHERE entry IN (SELECT e.entry FROM ({entries}) e)"
        )
