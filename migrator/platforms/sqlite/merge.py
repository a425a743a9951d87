"""The merge transaction on SQLite: staging into the live tables, journalled, compared, and all or nothing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from migrator.contracts import ACTION, CREATE, EDGE, KEEP, OVERWRITE, Digest, Marker, Predicate, RowNote, Staged
from migrator.platforms.relational.sqltext import listed, matched, quoted, said
from migrator.platforms.sqlite.checks import Checks
from migrator.platforms.sqlite.connect import connect, translated
from migrator.platforms.sqlite.hashing import digest_of, install, row_hash
from migrator.platforms.sqlite.identity import locator
from migrator.platforms.sqlite.journal import (
    before_column,
    create_journal,
    holds_load,
    journal_table,
    key_column,
    live_name,
    stored_columns,
    write_marker,
)
from migrator.platforms.sqlite.rows import scan
from migrator.platforms.sqlite.staging import SCHEMA, stage_name, staging_path
from migrator.platforms.sqlite.watermarks import Watermarks
from storage.errors import Misuse, Red
from storage.schema import Table

_EXAMPLES = 100
_STEPS_BETWEEN_LOOKS = 100_000  # of SQLite's virtual machine, about a millisecond
_ACTION, _EDGE = quoted(ACTION), quoted(EDGE)


@contextmanager
def merging(target: Path, run: str, *, max_seconds: int | None = None) -> Iterator[SqliteMerge]:
    """BEGIN IMMEDIATE on the target with the run's staging attached; whatever was not committed is rolled back."""
    with translated(target):
        connection = connect(target, mode="rw")
        try:
            install(connection)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA cache_size = -16384")  # 16 MiB: keys arrive in no order, their pages should stay
            connection.execute(f"ATTACH ? AS {SCHEMA}", (str(staging_path(target, run)),))
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("PRAGMA defer_foreign_keys = ON")
            with _bounded(connection, target, max_seconds) as require_time:
                yield SqliteMerge(connection, run, require_time)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.close()


@contextmanager
def _bounded(connection: sqlite3.Connection, target: Path, max_seconds: int | None) -> Iterator[Callable[[], None]]:
    """Stop whatever statement runs when the time is over; gives what a short one asks first, the commit above all."""
    if max_seconds is None:
        yield lambda: None
        return
    deadline = time.monotonic() + max_seconds
    late = Red(
        f"the locks would have been held for more than {max_seconds} s; nothing was committed",
        where=str(target),
        next="raise target.max_lock_s, or load at an hour when nobody needs the target",
    )

    def require_time() -> None:
        if time.monotonic() > deadline:
            raise late

    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
    try:
        yield require_time
        if connection.in_transaction:  # a rehearsal: it held the locks as long
            require_time()
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        raise late from error
    finally:
        connection.set_progress_handler(None, 0)


class SqliteMerge:
    """See migrator.contracts.Merge."""

    def __init__(self, connection: sqlite3.Connection, run: str, require_time: Callable[[], None]) -> None:
        self._connection = connection
        self._run = run
        self._require_time = require_time
        self._watermarks = Watermarks(connection)
        self._checks = Checks(connection, run, self._watermarks)

    def lock(self, staged: Sequence[Staged]) -> None:
        """BEGIN IMMEDIATE holds the one write lock there is; what is left is to look again at what was decided."""
        self._refuse_twice()
        for one in staged:
            if one.key:
                self._refuse(
                    one, f"s.{_ACTION} = '{CREATE}' AND EXISTS ({_live(one)})", "already holds rows to be created"
                )
                self._refuse(
                    one,
                    f"s.{_ACTION} <> '{CREATE}' AND NOT EXISTS ({_live(one)})",
                    "no longer holds rows that were matched",
                )

    def _refuse_twice(self) -> None:
        if holds_load(self._connection, self._run):
            raise Misuse(
                "this target holds this load already",
                where=self._run,
                next="verify it or roll it back; a new load is a new run",
            )

    def _refuse(self, one: Staged, condition: str, what: str) -> None:
        rows = self._connection.execute(
            f"SELECT {listed(one.key, 's.')} FROM {stage_name(one)} s WHERE {condition} LIMIT 3"
        ).fetchall()
        if rows:
            raise Red(
                f"the target {what}: {said(rows)}",
                where=f"{one.table.name} ({', '.join(one.key)})",
                next="somebody else wrote to the target since the check: run map check again",
            )

    def digest(self, staged: Sequence[Staged], *, whole: bool) -> Digest:
        total = Digest()
        for one in staged:
            live = f"SELECT {row_hash(one.table, 't')} AS hash FROM {live_name(one.table)} t"
            if whole:
                total += digest_of(self._connection, live)
            elif one.key:
                on = f"{matched('t', 's', one.key)} AND s.{_ACTION} <> '{KEEP}'"
                total += digest_of(self._connection, f"{live} JOIN {stage_name(one)} s ON {on}")
            elif self._watermarks.knows(one.table):
                total += digest_of(self._connection, f"{live} WHERE {self._watermarks.is_new(one.table)}")
        return total

    def merge(self, staged: Sequence[Staged]) -> dict[int, dict[str, int]]:
        for one in staged:
            create_journal(self._connection, self._run, one)
            try:
                if one.key:
                    self._overwrite(one)
                self._create(one)
            except sqlite3.IntegrityError as error:
                raise Red(
                    f"the target refuses the rows: {error}",
                    where=one.table.name,
                    next="the constraint is the target's own: mend the mapping, or reject these rows with a reason",
                ) from error
        for one in staged:  # only now, when no later statement can change the rows any more
            self._journal_after(one)
        return self._counts(staged)

    def _overwrite(self, one: Staged) -> None:
        journal, on = journal_table(self._run, one.table), matched("t", "s", one.key)
        keys = ", ".join(key_column(column) for column in one.key)
        before = ", ".join(before_column(column) for column in stored_columns(one.table))
        self._connection.execute(
            f"INSERT INTO {journal} (action, {keys}, {before})"
            f" SELECT '{OVERWRITE}', {listed(one.key, 't.')}, {listed(stored_columns(one.table), 't.')}"
            f" FROM {live_name(one.table)} t JOIN {stage_name(one)} s ON {on} WHERE s.{_ACTION} = '{OVERWRITE}'"
        )
        changed = [column for column in one.columns if column not in one.key]
        if changed:
            self._checks.refuse_cascades(one)
            assignments = ", ".join(f"{quoted(column)} = s.{quoted(column)}" for column in changed)
            self._connection.execute(
                f"UPDATE {live_name(one.table)} AS t SET {assignments} FROM {stage_name(one)} s"
                f" WHERE {on} AND s.{_ACTION} = '{OVERWRITE}'"
            )

    def _create(self, one: Staged) -> None:
        if not one.key:
            self._watermarks.take(one.table)
        self._connection.execute(
            f"INSERT INTO {live_name(one.table)} ({listed(one.columns)})"
            f" SELECT {listed(one.columns)} FROM {stage_name(one)} WHERE {_ACTION} = '{CREATE}'"
        )

    def _journal_after(self, one: Staged) -> None:
        journal, hashed = journal_table(self._run, one.table), row_hash(one.table, "t")
        if not one.key:
            self._connection.execute(
                f"INSERT INTO {journal} (action, row, after) SELECT '{CREATE}', {locator(one.table, 't')}, {hashed}"
                f" FROM {live_name(one.table)} t WHERE {self._watermarks.is_new(one.table)}"
            )
            return
        keys = ", ".join(key_column(column) for column in one.key)
        self._connection.execute(
            f"INSERT INTO {journal} (action, {keys}, after) SELECT '{CREATE}', {listed(one.key, 't.')}, {hashed}"
            f" FROM {live_name(one.table)} t JOIN {stage_name(one)} s ON {matched('t', 's', one.key)}"
            f" WHERE s.{_ACTION} = '{CREATE}'"
        )
        on = " AND ".join(f"j.{key_column(column)} = t.{quoted(column)}" for column in one.key)
        self._connection.execute(
            f"UPDATE {journal} AS j SET after = {hashed} FROM {live_name(one.table)} t"
            f" WHERE {on} AND j.action = '{OVERWRITE}'"
        )

    def _counts(self, staged: Sequence[Staged]) -> dict[int, dict[str, int]]:
        """Counted from what is live now, not from what was meant to be written."""
        counts: dict[int, dict[str, int]] = {}
        for one in staged:
            source = f"{stage_name(one)} s"
            if one.key:
                source += f" JOIN {live_name(one.table)} t ON {matched('t', 's', one.key)}"
            query = f"SELECT s.{_EDGE}, s.{_ACTION}, count(*) FROM {source} GROUP BY 1, 2"
            for edge, action, count in self._connection.execute(query):
                counts.setdefault(edge, {})[action] = count
        return counts

    def compare(self, staged: Staged) -> tuple[RowNote, ...]:
        if not staged.key:
            return self._compare_multiset(staged)
        differs = " OR ".join(
            f"t.{name} COLLATE BINARY IS NOT s.{name} OR typeof(t.{name}) <> typeof(s.{name})"
            for name in map(quoted, staged.columns)
        )
        rows = self._connection.execute(
            f"SELECT {listed(staged.key, 's.')} FROM {stage_name(staged)} s LEFT JOIN {live_name(staged.table)} t"
            f" ON {matched('t', 's', staged.key)} WHERE s.{_ACTION} <> '{KEEP}'"
            f" AND (t.{quoted(staged.key[0])} IS NULL OR {differs}) LIMIT {_EXAMPLES}"
        ).fetchall()
        return tuple(
            RowNote(
                table=staged.table.name,
                key={column: str(value) for column, value in zip(staged.key, row, strict=True)},
                why="the live row is not what was staged",
            )
            for row in rows
        )

    def _compare_multiset(self, staged: Staged) -> tuple[RowNote, ...]:
        live = (
            f"SELECT {row_hash(staged.table, 't', staged.columns)} AS hash, 1 AS side FROM {live_name(staged.table)} t"
            f" WHERE {self._watermarks.is_new(staged.table)}"
        )
        stage = f"SELECT {row_hash(staged.table, 's', staged.columns)} AS hash, -1 AS side FROM {stage_name(staged)} s"
        different = self._connection.execute(
            f"SELECT count(*) FROM (SELECT hash FROM ({live} UNION ALL {stage}) GROUP BY hash HAVING sum(side) <> 0)"
        ).fetchone()[0]
        if not different:
            return ()
        return (
            RowNote(table=staged.table.name, key={}, why=f"{different} distinct rows differ in number from staging"),
        )

    def check(self, staged: Sequence[Staged]) -> tuple[str, ...]:
        return tuple(problem for one in staged for problem in self._checks.problems(one))

    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        yield from scan(self._connection, table, predicate, columns=columns)

    def commit(self, marker: Marker) -> None:
        write_marker(self._connection, marker)
        self._require_time()
        self._connection.execute("COMMIT")


def _live(staged: Staged) -> str:
    return f"SELECT 1 FROM {live_name(staged.table)} t WHERE {matched('t', 's', staged.key)}"
