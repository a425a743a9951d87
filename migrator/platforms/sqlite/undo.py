"""Taking a load back on SQLite, from its journal, in one transaction.

A created row goes unless somebody edited it, or a row that stays points at it; an overwritten row gets its
before-image unless somebody edited or deleted it, or the image no longer fits. What stays is listed, never forced.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from migrator.contracts import CREATE, OVERWRITE, Digest, Marker, RowNote, Staged, Undone
from migrator.platforms.sql import listed, quoted
from migrator.platforms.sqlite.connect import connect, translated
from migrator.platforms.sqlite.describe import describe
from migrator.platforms.sqlite.hashing import digest_of, install, row_hash
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

KEPT, FAILED = "kept", "failed"


def undo(target: Path, run: str, *, whole: bool) -> Undone:
    """See migrator.contracts.Target.undo."""
    with translated(target), closing(connect(target, mode="rw")) as connection:
        install(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute("PRAGMA defer_foreign_keys = ON")
            undone = _Undo(connection, describe(connection), run).run(whole=whole)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    return undone


@dataclass(frozen=True, kw_only=True)
class _Journalled:
    """One journalled table with the names its statements need. `rows` is a temporary table: the fate of each row.

    It has the live rowid (or NULL: gone), `action`, `why` (NULL: take it back), `fate` (kept or failed where `why` is set),
    and the journal's own rowid.
    """

    staged: Staged
    journal: str
    rows: str

    @property
    def live(self) -> str:
        return f"main.{quoted(self.staged.table.name)}"


class _Undo:
    def __init__(self, connection: sqlite3.Connection, schema: Schema, run: str) -> None:
        self._connection = connection
        self._schema = schema
        self._marker = self._find(run)
        self._tables = [
            _Journalled(staged=staged, journal=journal_table(run, staged.table), rows=f"temp.undo_{i}")
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
        for one in self._tables:
            self._locate(one)
            self._keep_edited(one)
        self._keep_what_is_needed()
        for one in self._tables:
            self._fail_what_no_longer_fits(one)
        self._keep_what_is_needed()
        for one in self._tables:
            self._reverse(one)
        self._refuse_orphans()
        return self._conclude(whole=whole)

    # ── which live row is meant ─────────────────────────────────────────────────────────────────────────────
    def _locate(self, one: _Journalled) -> None:
        self._connection.execute(
            f"CREATE TEMP TABLE {one.rows[5:]} (entry INTEGER PRIMARY KEY, row, action, why, fate)"
        )
        key = one.staged.key
        if key:
            on = " AND ".join(f"t.{quoted(column)} = j.{key_column(column)}" for column in key)
            found = f"SELECT j.rowid, {_row_locator(one.staged.table)}, j.action FROM {one.journal} j LEFT JOIN {one.live} t ON {on}"
        else:  # equal rows are interchangeable: pair the n-th of the journal with the n-th alive
            found = (
                f"SELECT j.entry, t.row, j.action FROM (SELECT rowid AS entry, action, after,"
                f" row_number() OVER (PARTITION BY after ORDER BY rowid) AS n FROM {one.journal}) j LEFT JOIN"
                f" (SELECT rowid AS row, {row_hash(one.staged.table, 't')} AS hash, row_number() OVER"
                f" (PARTITION BY {row_hash(one.staged.table, 't')} ORDER BY rowid DESC) AS n FROM {one.live} t) t"
                f" ON t.hash = j.after AND t.n = j.n"
            )
        self._connection.execute(f"INSERT INTO {one.rows} (entry, row, action) {found}")
        self._connection.execute(f"CREATE INDEX temp.{one.rows[5:]}_row ON {one.rows[5:]} (row)")

    # ── what stays ──────────────────────────────────────────────────────────────────────────────────────────
    def _keep_edited(self, one: _Journalled) -> None:
        self._set(one, f"row IS NULL AND action = '{OVERWRITE}'", KEPT, "deleted since the load")
        if not one.staged.key:
            self._set(one, "row IS NULL", KEPT, "edited or deleted since the load")
            return
        edited = (
            f"SELECT u.entry FROM {one.rows} u JOIN {one.journal} j ON j.rowid = u.entry"
            f" JOIN {one.live} t ON {_row_locator(one.staged.table)} = u.row WHERE {row_hash(one.staged.table, 't')} IS NOT j.after"
        )
        self._set(one, f"entry IN ({edited})", KEPT, "edited since the load")

    def _keep_what_is_needed(self) -> None:
        """To a fixed point: a created row that a staying row points at stays too."""
        by_name = {one.staged.table.name: one for one in self._tables}
        while sum(
            self._keep_parents(child, key, by_name)
            for child in self._schema.tables
            for key in child.foreign_keys
            if key.parent in by_name
        ):
            pass

    def _keep_parents(self, child: Table, key: ForeignKey, journalled: dict[str, _Journalled]) -> int:
        parent = journalled[key.parent]
        on = " AND ".join(
            f"c.{quoted(ours)} = t.{quoted(theirs)}"
            for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
        )
        goes = ""
        if child.name in journalled:
            own = journalled[child.name]
            goes = f" AND {_row_locator(child, 'c')} NOT IN (SELECT row FROM {own.rows} WHERE why IS NULL AND row IS NOT NULL)"
        needed = (
            f"SELECT u.entry FROM {parent.rows} u JOIN {parent.live} t ON {_row_locator(parent.staged.table)} = u.row"
            f" WHERE u.action = '{CREATE}' AND u.why IS NULL"
            f" AND EXISTS (SELECT 1 FROM main.{quoted(child.name)} c WHERE {on}{goes})"
        )
        return self._set(parent, f"entry IN ({needed})", KEPT, f"a row of {child.name} that stays points at it")

    def _fail_what_no_longer_fits(self, one: _Journalled) -> None:
        """A before-image whose parent is gone, or whose unique value somebody else has taken since."""
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
            self._set(one, f"entry IN ({missing})", FAILED, f"its former {key.parent} is gone")
        for unique in one.staged.table.unique:
            taken = " AND ".join(f"o.{quoted(column)} = j.{before_column(column)}" for column in unique.columns)
            other = (
                f"SELECT 1 FROM {one.live} o WHERE {taken} AND {_row_locator(one.staged.table, 'o')} <> u.row"
                f" AND {_row_locator(one.staged.table, 'o')} NOT IN"
                f" (SELECT row FROM {one.rows} WHERE why IS NULL AND row IS NOT NULL)"
            )
            self._set(
                one,
                f"entry IN ({base} AND EXISTS ({other}))",
                FAILED,
                f"another row has its former {unique.columns} now",
            )

    def _set(self, one: _Journalled, condition: str, fate: str, why: str) -> int:
        return self._connection.execute(
            f"UPDATE {one.rows} SET fate = ?, why = ? WHERE why IS NULL AND {condition}",
            (fate, why),
        ).rowcount

    # ── taking back ─────────────────────────────────────────────────────────────────────────────────────────
    def _reverse(self, one: _Journalled) -> None:
        locator = _row_locator(one.staged.table, "t")
        gone = f"SELECT row FROM {one.rows} WHERE why IS NULL AND row IS NOT NULL AND action = '{CREATE}'"
        self._connection.execute(f"DELETE FROM {one.live} AS t WHERE {locator} IN ({gone})")
        columns = stored_columns(one.staged.table)
        assignments = ", ".join(f"{quoted(column)} = j.{before_column(column)}" for column in columns)
        self._connection.execute(
            f"UPDATE {one.live} AS t SET {assignments} FROM {one.journal} j JOIN {one.rows} u ON u.entry = j.rowid"
            f" WHERE {locator} = u.row AND u.why IS NULL AND u.action = '{OVERWRITE}'"
        )

    def _refuse_orphans(self) -> None:
        """The fixed point leaves none; if it ever did, this stops before the commit that could not say where."""
        touched = {one.staged.table.name for one in self._tables}
        for table in self._schema.tables:
            for key in table.foreign_keys:
                if key.parent not in touched:
                    continue
                filled = " AND ".join(f"c.{quoted(column)} IS NOT NULL" for column in key.columns)
                on = " AND ".join(
                    f"p.{quoted(theirs)} = c.{quoted(ours)}"
                    for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
                )
                orphan = self._connection.execute(
                    f"SELECT {listed(key.columns, 'c.')} FROM main.{quoted(table.name)} c WHERE {filled}"
                    f" AND NOT EXISTS (SELECT 1 FROM main.{quoted(key.parent)} p WHERE {on}) LIMIT 1"
                ).fetchone()
                if orphan:
                    raise Red(
                        f"taking the load back would leave {orphan} of {table.name} pointing at nothing",
                        where=f"{table.name}.{'+'.join(key.columns)}",
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

    def _digest(self, one: _Journalled, *, whole: bool) -> Digest:
        live = f"SELECT {row_hash(one.staged.table, 't')} AS hash FROM {one.live} t"
        if not whole and one.staged.key:
            on = " AND ".join(f"t.{quoted(column)} = j.{key_column(column)}" for column in one.staged.key)
            live += f" JOIN {one.journal} j ON {on}"
        elif not whole:
            live += f" WHERE t.rowid IN (SELECT row FROM {one.rows} WHERE row IS NOT NULL)"
        return digest_of(self._connection, live)

    def _notes(self, one: _Journalled) -> Iterator[RowNote]:
        keys = ", ".join(key_column(column) for column in one.staged.key) or "NULL"
        rows = self._connection.execute(
            f"SELECT u.fate, u.why, {keys} FROM {one.rows} u JOIN {one.journal} j ON j.rowid = u.entry"
            f" WHERE u.why IS NOT NULL ORDER BY u.entry LIMIT {_NOTES}"
        )
        for fate, why, *key in rows:
            named = {column: str(value) for column, value in zip(one.staged.key, key, strict=False)}
            yield RowNote(table=one.staged.table.name, key=named, why=f"{fate}: {why}")

    def _shrink_journals(self) -> None:
        """What was taken back leaves the journal; the rest stays, so that the same rollback can be asked for again."""
        for one in self._tables:
            self._connection.execute(
                f"DELETE FROM {one.journal} WHERE rowid IN (SELECT entry FROM {one.rows} WHERE why IS NULL)"
            )


def _row_locator(table: Table, alias: str = "t") -> str:
    """What tells live rows apart: the rowid, or the single key column of a table that has none."""
    if "WITHOUT ROWID" in (table.ddl or "").upper().rpartition(")")[2]:
        return f"{alias}.{quoted(table.primary_key[0])}" if len(table.primary_key) == 1 else _composite(table, alias)
    return f"{alias}.rowid"


def _composite(table: Table, alias: str) -> str:
    return f"json_array({listed(table.primary_key, f'{alias}.')})"
