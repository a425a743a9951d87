"""What a merge would do wrong to a SQLite target, found inside its transaction and told by name."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from migrator.contracts import ACTION, KEEP, OVERWRITE, Staged
from migrator.platforms.relational.sqltext import listed, matched, quoted, said
from migrator.platforms.sqlite.describe import describe
from migrator.platforms.sqlite.journal import before_column, journal_table, live_name
from migrator.platforms.sqlite.staging import stage_name
from migrator.platforms.sqlite.watermarks import Watermarks
from storage.errors import Red
from storage.schema import ForeignKey, Table

_ACTION = quoted(ACTION)


class Checks:
    """Foreign keys both ways, and sequences. The schema is read once: nobody else changes it meanwhile."""

    def __init__(self, connection: sqlite3.Connection, run: str, watermarks: Watermarks) -> None:
        self._connection = connection
        self._run = run
        self._watermarks = watermarks
        self._tables = describe(connection).tables

    def problems(self, one: Staged) -> Iterator[str]:
        """What is wrong with the table after the merge; see migrator.contracts.Merge.check."""
        yield from self._orphans(one)
        yield from self._deserted(one)
        yield from self._sequence_problems(one.table)

    def refuse_cascades(self, one: Staged) -> None:
        """Red where an ON UPDATE action would change rows that nobody journals: before overwriting."""
        for child, key in self._pointing_at_changed(one):
            if key.on_update in ("NO ACTION", "RESTRICT"):
                continue
            pointing = " AND ".join(
                f"c.{quoted(ours)} = t.{quoted(theirs)}"
                for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
            )
            differs = " OR ".join(
                f"t.{quoted(column)} IS NOT s.{quoted(column)}"
                for column in key.parent_columns
                if column in one.columns
            )
            rows = self._connection.execute(
                f"SELECT {listed(key.parent_columns, 't.')} FROM {live_name(one.table)} t JOIN {stage_name(one)} s"
                f" ON {matched('t', 's', one.key)} WHERE s.{_ACTION} = '{OVERWRITE}' AND ({differs})"
                f" AND EXISTS (SELECT 1 FROM {live_name(child)} c WHERE {pointing}) LIMIT 3"
            ).fetchall()
            if rows:
                raise Red(
                    f"overwriting would change rows of {child.name} too, by ON UPDATE {key.on_update}: {said(rows)}",
                    where=f"{one.table.name} ({', '.join(key.parent_columns)})",
                    next="keep these rows (target.on_match), or map these columns to the values that are there",
                )

    def _pointing_at_changed(self, one: Staged) -> Iterator[tuple[Table, ForeignKey]]:
        """Foreign keys of any table to columns of this one that overwriting may change."""
        for child in self._tables:
            for key in child.foreign_keys:
                if key.parent == one.table.name and set(key.parent_columns) & (set(one.columns) - set(one.key)):
                    yield child, key

    def _orphans(self, one: Staged) -> Iterator[str]:
        """Deferred foreign keys fail at COMMIT without a name, and never in a rehearsal: so look for them by name."""
        written = f"{live_name(one.table)} t"
        if one.key:
            written += f" JOIN {stage_name(one)} s ON {matched('t', 's', one.key)} AND s.{_ACTION} <> '{KEEP}'"
        for key in one.table.foreign_keys:
            filled = " AND ".join(f"t.{quoted(column)} IS NOT NULL" for column in key.columns)
            parent = " AND ".join(
                f"p.{quoted(theirs)} = t.{quoted(ours)}"
                for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
            )
            orphans = self._connection.execute(
                f"SELECT {listed(key.columns, 't.')} FROM {written} WHERE {filled}"
                f" AND {'true' if one.key else self._watermarks.is_new(one.table)}"
                f" AND NOT EXISTS (SELECT 1 FROM main.{quoted(key.parent)} p WHERE {parent}) LIMIT 3"
            ).fetchall()
            if orphans:
                shown = said(orphans)
                yield f"{one.table.name}.{'+'.join(key.columns)} points at no row of {key.parent}: {shown}"

    def _deserted(self, one: Staged) -> Iterator[str]:
        """Rows of any table that point at a value which overwriting took away."""
        for child, key in self._pointing_at_changed(one):
            pairs = list(zip(key.columns, key.parent_columns, strict=True))
            pointing = " AND ".join(f"c.{quoted(ours)} = j.{before_column(theirs)}" for ours, theirs in pairs)
            there = " AND ".join(f"p.{quoted(theirs)} = j.{before_column(theirs)}" for _, theirs in pairs)
            deserted = self._connection.execute(
                f"SELECT DISTINCT {', '.join(f'j.{before_column(theirs)}' for _, theirs in pairs)}"
                f" FROM {journal_table(self._run, one.table)} j WHERE j.action = '{OVERWRITE}'"
                f" AND EXISTS (SELECT 1 FROM {live_name(child)} c WHERE {pointing})"
                f" AND NOT EXISTS (SELECT 1 FROM {live_name(one.table)} p WHERE {there}) LIMIT 3"
            ).fetchall()
            if deserted:
                shown = said(deserted)
                yield f"{child.name}.{'+'.join(key.columns)} points at values of {one.table.name} overwritten: {shown}"

    def _sequence_problems(self, table: Table) -> Iterator[str]:
        """An ordinary INSERT takes max(rowid) + 1 or the sequence's next: both must be free and possible."""
        if not any(column.identity for column in table.columns):
            return
        if self._watermarks.highest(table) >= (1 << 63) - 1:
            yield f"{table.name}: the highest key possible is taken, an ordinary INSERT would fail"
