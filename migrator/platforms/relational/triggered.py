"""What triggers write beside the loaded rows, when they fire: remembered before, journalled after, like the load's own.

A table they write is copied before the load (in a temporary table of the transaction) and compared after it; nobody
else writes it meanwhile. Tables they write that the plan does not name are found out, and nothing is committed.
"""

from __future__ import annotations

from collections.abc import Sequence

from migrator.contracts import CREATE, FIRE, OVERWRITE, Digest, Staged, Triggers
from migrator.platforms.relational.journal import Journal, before_column, stored_columns
from migrator.platforms.relational.sqltext import listed, matched
from migrator.platforms.relational.transaction import Transaction
from storage.errors import Misuse, Red
from storage.schema import Table


class Triggered:
    """The tables of one load that its triggers write, by the plan."""

    def __init__(self, transaction: Transaction, run: str, triggers: Triggers, tables: Sequence[Table]) -> None:
        self._transaction = transaction
        self._run = run
        self._mode = triggers.mode
        known = {table.name: table for table in tables}
        self.tables = tuple(self._known(name, known) for name in triggers.writes)

    def _known(self, name: str, tables: dict[str, Table]) -> Staged:
        if name not in tables:
            raise Misuse("the target has no such table", where=f"target.triggers.fire: {name}", next="correct the name")
        table = tables[name]
        if not table.primary_key:
            raise Red(
                "triggers write this table, and it has no key to journal its rows by",
                where=name,
                next="drop the triggers for the load, or disable them (target.triggers: disable)",
            )
        return Staged(table=table, columns=stored_columns(table), key=table.primary_key)

    def remember(self) -> None:
        """Copy what stands there now; nobody else writes it until the end."""
        for one in self.tables:
            self._transaction.lock_against_writers(one.table)
            hashed = self._transaction.row_hash(one.table, "t")
            columns = listed(one.table.column_names, "t.")
            self._transaction.execute(
                f"CREATE TEMPORARY TABLE {self._copy(one)} AS"
                f" SELECT {columns}, {hashed} AS migrator_hash FROM {self._transaction.live(one.table)} t"
            )

    def _copy(self, one: Staged) -> str:
        return f"migrator_before_{self.tables.index(one)}"

    # ── after the load's own statements ─────────────────────────────────────────────────────────────────────
    def journal(self, staged: Sequence[Staged]) -> Digest:
        """Journal what the triggers did; gives the digest, before the load, of the rows they changed."""
        if self._mode == FIRE:
            self._refuse_others(staged)
        total = Digest()
        for one in self.tables:
            self._refuse_removed(one)
            self._journal_created(one)
            total += self._journal_changed(one)
            self._transaction.execute(self._transaction.drop_temporary(self._copy(one)))
        return total

    def _refuse_others(self, staged: Sequence[Staged]) -> None:
        named = {one.table.name for one in self.tables}
        others = sorted(self._transaction.written_by_triggers(staged) - named)
        if others:
            written = ", ".join(sorted({*named, *others}))
            raise Red(
                f"triggers write {', '.join(others)}, which nobody journals",
                where=", ".join(one.table.name for one in staged if one.table.triggers),
                next=f"name what they write in the plan: target.triggers: {{fire: [{written}]}}",
            )

    def _refuse_removed(self, one: Staged) -> None:
        there = f"SELECT 1 FROM {self._transaction.live(one.table)} t WHERE {matched('t', 'b', one.key)}"
        [(removed,)] = self._transaction.rows(f"SELECT count(*) FROM {self._copy(one)} b WHERE NOT EXISTS ({there})")
        if int(removed):
            raise Red(
                f"triggers delete {removed} row(s) of this table",
                where=one.table.name,
                next="disable them for the load (target.triggers: disable), or drop them",
            )

    def _journal_created(self, one: Staged) -> None:
        journal = Journal.of(self._transaction, self._run, one)
        hashed = self._transaction.row_hash(one.table, "t")
        names = ", ".join(["action", *journal.key_columns, "after"])
        before = f"SELECT 1 FROM {self._copy(one)} b WHERE {matched('b', 't', one.key)}"
        self._transaction.execute(
            f"INSERT INTO {journal.name} ({names}) SELECT '{CREATE}', {listed(one.key, 't.')}, {hashed}"
            f" FROM {journal.live} t WHERE NOT EXISTS ({before}) AND NOT EXISTS ({self._journalled(journal)})"
        )

    def _journal_changed(self, one: Staged) -> Digest:
        journal = Journal.of(self._transaction, self._run, one)
        hashed = self._transaction.row_hash(one.table, "t")
        columns = one.table.column_names
        names = ", ".join(["action", *journal.key_columns, *map(before_column, columns), "after"])
        changed = (
            f"FROM {journal.live} t JOIN {self._copy(one)} b ON {matched('b', 't', one.key)}"
            f" WHERE {self._transaction.is_distinct(hashed, 'b.migrator_hash')}"
            f" AND NOT EXISTS ({self._journalled(journal)})"
        )
        digest = self._transaction.digest(f"SELECT b.migrator_hash AS hash {changed}")
        values = ", ".join([f"'{OVERWRITE}'", listed(one.key, "b."), listed(columns, "b."), hashed])
        self._transaction.execute(f"INSERT INTO {journal.name} ({names}) SELECT {values} {changed}")
        return digest

    def _journalled(self, journal: Journal) -> str:
        return f"SELECT 1 FROM {journal.name} j WHERE {journal.meets()}"
