"""Taking a load back from its journal, in one transaction: what goes, what stays and why is in `fates`."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.contracts import CREATE, OVERWRITE, Digest, Marker, RowNote, Undone
from migrator.platforms.relational.components import components
from migrator.platforms.relational.fates import FAILED, KEPT, Fates
from migrator.platforms.relational.journal import (
    RESTORED,
    Journal,
    amend_marker,
    before_column,
    forget,
    home_of,
    marker_of,
    stored_columns,
)
from migrator.platforms.relational.parking import make_way
from migrator.platforms.relational.sqltext import quoted
from migrator.platforms.relational.transaction import Transaction, pointing
from migrator.platforms.relational.undone import remember, remembered
from storage.errors import Misuse, Red
from storage.schema import ForeignKey, Table, UniqueKey

_NOTES = 1_000


def undo(transaction: Transaction, run: str, *, whole: bool, by: str = "") -> Undone:
    """See migrator.contracts.Target.undo; commits."""
    if (before := remembered(transaction, by)) is not None:
        return before
    undone = _Undo(transaction, run, by).run(whole=whole)
    transaction.commit()
    return undone


class _Undo:
    def __init__(self, transaction: Transaction, run: str, by: str) -> None:
        self._transaction = transaction
        self._by = by
        self._schema = transaction.describe()
        self._marker = self._find(run)
        self._require_home()
        journals = [Journal.of(transaction, run, staged) for staged in self._marker.tables]
        self._journals = [journal for journal in journals if _is_there(journal)]
        self._lost = [journal for journal in journals if not _is_there(journal)]

    def _find(self, run: str) -> Marker:
        marker = marker_of(self._transaction, self._schema.tables, run)
        if marker.closed_at is not None:
            raise Misuse(
                f"this load was accepted for good at {marker.closed_at}: its journal is gone, nothing takes it back",
                where=run,
                next=f"migrator verify {run} says what the target holds of it; nothing was changed",
            )
        return marker

    def _require_home(self) -> None:
        """A table of another schema that is called alike is not the one that was loaded."""
        loaded, here = home_of(self._transaction, self._marker.run), self._transaction.home
        if loaded != here:
            raise Misuse(
                f"a table's bare name meant one in the schema {loaded} for this load, and means one in {here} here",
                where=self._marker.run,
                next="use the role that loaded, or its search_path; nothing was changed",
            )

    def run(self, *, whole: bool) -> Undone:
        self._transaction.learn_sizes([name for journal in self._journals for name in (journal.name, journal.live)])
        # what a trigger would write while rows go and come back, nobody would take back
        self._transaction.silence_triggers([journal.staged.table for journal in self._journals], inserting=False)
        for journal in self._journals:
            self._transaction.lock_journalled(journal.staged.table, journal.name, journal.staged.key)
        Fates(self._transaction, self._schema, self._journals, self._lost).decide()
        orphans = self._orphans()
        self._restore()
        self._delete()
        self._refuse_new_orphans(orphans)
        self._transaction.check_deferred()
        self._transaction.restore_triggers()
        return self._conclude(whole=whole)

    # ── taking back ─────────────────────────────────────────────────────────────────────────────────────────
    def _restore(self) -> None:
        """Overwritten rows get their images before created rows go: no ON DELETE action may find them there."""
        statements: list[str] = []
        for journal in self._journals:
            if not journal.restores:
                continue
            for unique in self._transaction.unique_keys(journal.staged.table):
                if not set(unique.columns) <= set(journal.staged.key):
                    make_way(self._transaction, journal, unique, self._holders(journal, unique))
            statements += self._restoring(journal)
        self._transaction.write_together(statements)

    def _restoring(self, journal: Journal) -> Iterator[str]:
        staged = journal.staged
        fixed = {*staged.key, *self._transaction.fixed_columns(staged.table)}
        columns = [column for column in stored_columns(staged.table) if column not in fixed]
        if columns:
            on = f"{journal.meets()} AND j.action = '{OVERWRITE}' AND {journal.is_undecided()}"
            assignments = [(column, f"j.{before_column(column)}") for column in columns]
            yield self._transaction.update(journal.live, assignments, f"{journal.name} j", on)

    def _holders(self, journal: Journal, unique: UniqueKey) -> str:
        """The entries of those rows. From the few images through indexes: no table is read whole."""
        wanted = " AND ".join(f"o.{quoted(column)} = i.{before_column(column)}" for column in unique.columns)
        other = " OR ".join(self._transaction.is_distinct(f"i.{key}", f"j.{key}") for key in journal.key_columns)
        keys = ", ".join(f"j.{key}" for key in journal.key_columns)
        return (
            f"SELECT DISTINCT j.entry, {keys} FROM {journal.name} i JOIN {journal.live} o ON {wanted}"
            f" JOIN {journal.name} j ON {journal.meets('o')} WHERE i.action = '{OVERWRITE}'"
            f" AND {journal.is_undecided('i')} AND {journal.is_undecided()} AND ({other})"
        )

    def _delete(self) -> None:
        """Created rows go in reverse foreign-key order; rows that refer to each other in one go."""
        by_name = {journal.staged.table.name: journal for journal in self._journals}
        for group in reversed(components([journal.staged.table for journal in self._journals])):
            journals = [by_name[table.name] for table in group.tables]
            keyed = [self._deletion(journal) for journal in journals if journal.staged.key]
            if group.is_cyclic:
                self._transaction.write_together(keyed)
            else:
                for statement in keyed:
                    self._transaction.execute(statement)
            for journal in journals:
                if not journal.staged.key:
                    self._transaction.delete_keyless(journal.staged.table, journal.name)

    def _deletion(self, journal: Journal) -> str:
        going = f"{journal.meets()} AND j.action = '{CREATE}' AND {journal.is_undecided()}"
        return self._transaction.delete(journal.live, f"{journal.name} j", going)

    # ── nothing is left pointing at nothing ─────────────────────────────────────────────────────────────────
    def _orphans(self) -> dict[str, int]:
        """How many rows point at nothing, for every foreign key that taking the load back could break."""
        if self._transaction.enforces_references:
            return {}
        touched = {journal.staged.table.name for journal in self._journals}
        by_name = {table.name: table for table in self._schema.tables}
        return {
            f"{table.name}.{'+'.join(key.columns)} → {key.parent}": self._count_orphans(table, by_name[key.parent], key)
            for table in self._schema.tables
            for key in table.foreign_keys
            if touched & {table.name, key.parent} and key.parent in by_name
        }

    def _count_orphans(self, table: Table, parent: Table, key: ForeignKey) -> int:
        filled = " AND ".join(f"c.{quoted(column)} IS NOT NULL" for column in key.columns)
        query = (
            f"SELECT count(*) FROM {self._transaction.live(table)} c WHERE {filled}"
            f" AND NOT EXISTS (SELECT 1 FROM {self._transaction.live(parent)} p WHERE {pointing('c', 'p', key)})"
        )
        return int(self._transaction.rows(query)[0][0])

    def _refuse_new_orphans(self, before: dict[str, int]) -> None:
        """The fixed point leaves none; if it ever did, this stops before the commit."""
        for reference, count in self._orphans().items():
            if count > before[reference]:
                raise Red(
                    f"taking the load back would leave {count - before[reference]} row(s) pointing at nothing",
                    where=reference,
                    next="nothing was changed; report this with the run's id",
                )

    # ── the outcome ─────────────────────────────────────────────────────────────────────────────────────────
    def _conclude(self, *, whole: bool) -> Undone:
        counts: dict[str | None, int] = {None: 0, KEPT: 0, FAILED: 0}
        for journal in (*self._journals, *self._lost):
            query = f"SELECT fate, count(*) FROM {journal.name} WHERE action <> '{RESTORED}' GROUP BY fate"
            for fate, count in self._transaction.rows(query):
                counts[fate] += int(count)
        notes = tuple(note for journal in (*self._journals, *self._lost) for note in self._notes(journal))
        after = Digest()
        for journal in self._journals:
            after += self._digest(journal, whole=whole)
        before = self._marker.digest_whole if whole else self._marker.digest_touched
        undone = Undone(
            reversed=counts[None],
            kept=counts[KEPT],
            failed=counts[FAILED],
            notes=notes,
            digest_before_load=before or Digest(),
            digest_after=after,
        )
        if self._by:
            remember(self._transaction, self._by, undone)
        if undone.kept or undone.failed:
            self._shrink_journals()
            amend_marker(self._transaction, self._marker.run, taken_back_by=self._by)
        else:
            forget(self._transaction, self._marker)
        return undone

    def _digest(self, journal: Journal, *, whole: bool) -> Digest:
        table, live = journal.staged.table, journal.live
        hashes = f"SELECT {self._transaction.row_hash(table, 't')} AS hash FROM {live} t"
        if whole:
            return self._transaction.digest(hashes)
        if journal.staged.key:
            now = f"{hashes} JOIN {journal.name} j ON {journal.meets()} AND j.action <> '{RESTORED}'"
            earlier = f"SELECT j.after AS hash FROM {journal.name} j WHERE j.action = '{RESTORED}'"
            return self._transaction.digest(now) + self._transaction.digest(earlier)
        # a row without a key that was not taken back was edited: it is no longer one of ours to sum
        return Digest()

    def _notes(self, journal: Journal) -> Iterator[RowNote]:
        keys = "".join(f", {column}" for column in journal.key_columns)
        rows = self._transaction.rows(
            f"SELECT fate, why{keys} FROM {journal.name} WHERE fate IS NOT NULL ORDER BY entry LIMIT {_NOTES}"
        )
        for fate, why, *key in rows:
            named = {column: str(value) for column, value in zip(journal.staged.key, key, strict=True)}
            yield RowNote(table=journal.staged.table.name, key=named, why=f"{fate}: {why}")

    def _shrink_journals(self) -> None:
        """What stays can be asked for again; what has its before-image counts in the digest as it is now for good.

        Whoever edits such a row from now on edits his own.
        """
        for journal in self._journals:
            self._transaction.execute(f"DELETE FROM {journal.name} WHERE action = '{CREATE}' AND fate IS NULL")
            if journal.staged.key:
                hashed = self._transaction.row_hash(journal.staged.table, "t")
                on = f"{journal.meets()} AND j.action = '{OVERWRITE}' AND j.fate IS NULL"
                self._transaction.execute(
                    self._transaction.update(journal.name, [("after", hashed)], f"{journal.live} t", on, alias="j")
                )
            self._transaction.execute(
                f"UPDATE {journal.name} SET action = '{RESTORED}' WHERE action = '{OVERWRITE}' AND fate IS NULL"
            )


def _is_there(journal: Journal) -> bool:
    """Whether the rows of a journal's table can still be found: by its name and its key."""
    columns = journal.staged.table.column_names
    return bool(columns) and set(journal.staged.key) <= set(columns)
