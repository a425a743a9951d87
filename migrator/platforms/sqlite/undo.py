"""Taking a load back on SQLite, from its journal, in one transaction: what goes, what stays and why is in `fates`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from migrator.contracts import CREATE, OVERWRITE, Digest, Marker, RowNote, Undone
from migrator.platforms.relational.sqltext import quoted
from migrator.platforms.sqlite.connect import connect, translated
from migrator.platforms.sqlite.describe import describe
from migrator.platforms.sqlite.fates import FAILED, KEPT, RESTORED, Fates, Journalled
from migrator.platforms.sqlite.hashing import digest_of, install, row_hash
from migrator.platforms.sqlite.identity import locator, rowid
from migrator.platforms.sqlite.journal import (
    before_column,
    forget,
    journal_table,
    key_column,
    read_markers,
    stored_columns,
)
from storage.errors import Misuse, Red
from storage.schema import ForeignKey, Schema, Table

_NOTES = 1_000


def undo(target: Path, run: str, *, whole: bool) -> Undone:
    """See migrator.contracts.Target.undo."""
    with translated(target), closing(connect(target, mode="rw")) as connection:
        install(connection)
        # nothing may cascade: every reference is looked at here, before and after
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN IMMEDIATE")
        try:
            undone = _Undo(connection, describe(connection), run).run(whole=whole)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    return undone


class _Undo:
    def __init__(self, connection: sqlite3.Connection, schema: Schema, run: str) -> None:
        self._connection = connection
        self._schema = schema
        self._marker = self._find(run)
        self._tables = [
            Journalled(staged=staged, journal=journal_table(run, staged.table), rows=f"temp.undo_{i}")
            for i, staged in enumerate(self._marker.tables)
        ]

    def _find(self, run: str) -> Marker:
        markers = read_markers(self._connection, {table.name: table for table in self._schema.tables})
        for marker in markers:
            if marker.run == run:
                return marker
        known = ", ".join(marker.run for marker in markers) or "none"
        raise Misuse("this target holds no such load", where=run, next=f"loads it holds: {known}")

    def run(self, *, whole: bool) -> Undone:
        Fates(self._connection, self._schema, self._tables).decide()
        orphans = self._orphans()
        for one in self._tables:
            self._delete(one)
        for one in self._tables:
            self._restore(one)
        self._refuse_new_orphans(orphans)
        return self._conclude(whole=whole)

    # ── taking back ─────────────────────────────────────────────────────────────────────────────────────────
    def _delete(self, one: Journalled) -> None:
        """Created rows, and overwritten ones too: put back afterwards, they may exchange unique values freely."""
        self._connection.execute(f"DELETE FROM {one.live} AS t WHERE {locator(one.staged.table, 't')} IN ({one.going})")

    def _restore(self, one: Journalled) -> None:
        columns, row = stored_columns(one.staged.table), rowid(one.staged.table)
        names, images = list(map(quoted, columns)), [f"j.{before_column(column)}" for column in columns]
        if row:
            names, images = [row, *names], ["u.row", *images]
        self._connection.execute(
            f"INSERT INTO {one.live} ({', '.join(names)}) SELECT {', '.join(images)}"
            f" FROM {one.journal} j JOIN {one.rows} u ON u.entry = j.rowid"
            f" WHERE u.why IS NULL AND u.action = '{OVERWRITE}'"
        )

    def _orphans(self) -> dict[str, int]:
        """How many rows point at nothing, for every foreign key that taking the load back could break."""
        touched = {one.staged.table.name for one in self._tables}
        return {
            f"{table.name}.{'+'.join(key.columns)} → {key.parent}": self._count_orphans(table, key)
            for table in self._schema.tables
            for key in table.foreign_keys
            if touched & {table.name, key.parent}
        }

    def _count_orphans(self, table: Table, key: ForeignKey) -> int:
        filled = " AND ".join(f"c.{quoted(column)} IS NOT NULL" for column in key.columns)
        on = " AND ".join(
            f"p.{quoted(theirs)} = c.{quoted(ours)}"
            for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
        )
        query = (
            f"SELECT count(*) FROM main.{quoted(table.name)} c WHERE {filled}"
            f" AND NOT EXISTS (SELECT 1 FROM main.{quoted(key.parent)} p WHERE {on})"
        )
        return int(self._connection.execute(query).fetchone()[0])

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
        counts = {None: 0, KEPT: 0, FAILED: 0}
        for one in self._tables:
            for fate, count in self._connection.execute(f"SELECT fate, count(*) FROM {one.rows} GROUP BY 1"):
                counts[fate] += count
        notes = tuple(note for one in self._tables for note in self._notes(one))
        after = Digest()
        for one in self._tables:
            after += self._digest(one, whole=whole)
        before = self._marker.digest_whole if whole else self._marker.digest_touched
        if counts[KEPT] or counts[FAILED]:
            self._shrink_journals()
        else:
            forget(self._connection, self._marker)
        return Undone(
            reversed=counts[None],
            kept=counts[KEPT],
            failed=counts[FAILED],
            notes=notes,
            digest_before_load=before or Digest(),
            digest_after=after,
        )

    def _digest(self, one: Journalled, *, whole: bool) -> Digest:
        live = f"SELECT {row_hash(one.staged.table, 't')} AS hash FROM {one.live} t"
        if not whole and one.staged.key:
            on = " AND ".join(f"t.{quoted(column)} = j.{key_column(column)}" for column in one.staged.key)
            live += f" JOIN {one.journal} j ON {on}"
        elif not whole:
            live += f" WHERE {locator(one.staged.table, 't')} IN (SELECT row FROM {one.rows} WHERE row IS NOT NULL)"
        return digest_of(self._connection, live)

    def _notes(self, one: Journalled) -> Iterator[RowNote]:
        keys = ", ".join(key_column(column) for column in one.staged.key) or "NULL"
        rows = self._connection.execute(
            f"SELECT u.fate, u.why, {keys} FROM {one.rows} u JOIN {one.journal} j ON j.rowid = u.entry"
            f" WHERE u.why IS NOT NULL ORDER BY u.entry LIMIT {_NOTES}"
        )
        for fate, why, *key in rows:
            named = {column: str(value) for column, value in zip(one.staged.key, key, strict=False)}
            yield RowNote(table=one.staged.table.name, key=named, why=f"{fate}: {why}")

    def _shrink_journals(self) -> None:
        """What stays can be asked for again; what got its before-image back still counts in the digest."""
        for one in self._tables:
            done = f"rowid IN (SELECT entry FROM {one.rows} WHERE why IS NULL)"
            self._connection.execute(f"DELETE FROM {one.journal} WHERE action = '{CREATE}' AND {done}")
            self._connection.execute(f"UPDATE {one.journal} SET action = '{RESTORED}' WHERE {done}")
