"""The merge: staging into the live tables, journalled, compared, all or nothing; in SQL that any platform speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from migrator.contracts import (
    ACTION,
    CREATE,
    DISABLE,
    EDGE,
    FIRE,
    KEEP,
    NO_TRIGGERS,
    OVERWRITE,
    Digest,
    Marker,
    RowNote,
    Staged,
    Triggers,
)
from migrator.platforms.relational.checks import Checks
from migrator.platforms.relational.components import Component, components
from migrator.platforms.relational.journal import (
    Journal,
    before_column,
    create_journal,
    create_markers,
    holds_load,
    read_markers,
    write_marker,
)
from migrator.platforms.relational.parking import make_way, overwritten_holders
from migrator.platforms.relational.sqltext import any_of, listed, matched, quoted, said
from migrator.platforms.relational.transaction import Transaction
from migrator.platforms.relational.triggered import Triggered
from storage.errors import Misuse, Red

_EXAMPLES = 100
_MANY = 5_000
"""Rows from which on it matters how a server goes about finding each among the others."""
_ACTION, _EDGE = quoted(ACTION), quoted(EDGE)


class RelationalMerge:
    """See migrator.contracts.Merge; a driver adds `scan`."""

    def __init__(self, transaction: Transaction, run: str, triggers: Triggers = NO_TRIGGERS) -> None:
        self._transaction = transaction
        self._run = run
        self._mode = triggers.mode
        self._checks = Checks(transaction, run)
        self._triggered = Triggered(transaction, run, triggers, self._checks.tables)
        self._changed_by_triggers = Digest()

    # ── before ──────────────────────────────────────────────────────────────────────────────────────────────
    def lock(self, staged: Sequence[Staged]) -> None:
        """Make the journals, lock, and look again at what was decided."""
        self._refuse_twice()
        create_markers(self._transaction)
        for one in self._journalled(staged):
            with self._transaction.watching(one):
                create_journal(self._transaction, self._run, one)
        self._transaction.lock(staged)
        if self._mode == DISABLE:
            self._transaction.silence_triggers([one.table for one in staged], inserting=True)
        self._triggered.remember()
        self._refuse_twice()  # now that nobody else can commit it
        for one in staged:
            if one.key:
                there, new = f"EXISTS ({self._live_row(one)})", f"s.{_ACTION} = '{CREATE}'"
                self._refuse(one, f"{new} AND {there}", "already holds rows to be created")
                self._refuse(one, f"NOT {new} AND NOT {there}", "no longer holds rows that were matched")

    def _journalled(self, staged: Sequence[Staged]) -> list[Staged]:
        """The tables of the load, and those that only its triggers write."""
        loaded = {one.table.name for one in staged}
        return [*staged, *(one for one in self._triggered.tables if one.table.name not in loaded)]

    def _live_row(self, one: Staged) -> str:
        return f"SELECT 1 FROM {self._transaction.live(one.table)} t WHERE {matched('t', 's', one.key)}"

    def _refuse_twice(self) -> None:
        if holds_load(self._transaction, self._run):
            raise Misuse(
                "this target holds this load already",
                where=self._run,
                next="verify it or roll it back; a new load is a new run",
            )

    def _refuse_same(self, marker: Marker) -> None:
        """Two that load the same archive at once both found no load of it when they began; only one may commit."""
        for other in read_markers(self._transaction, self._checks.tables):
            if marker.repeats(other):
                raise Red(
                    "this archive was loaded by the same plan and mapping meanwhile; nothing was committed",
                    where=other.run,
                    next=f"migrator verify {other.run}, or migrator rollback {other.run} first",
                )

    def _refuse(self, one: Staged, condition: str, what: str) -> None:
        rows = self._transaction.rows(
            f"SELECT {listed(one.key, 's.')} FROM {self._transaction.stage(one)} s WHERE {condition} LIMIT 3"
        )
        if rows:
            raise Red(
                f"the target {what}: {said(rows)}",
                where=f"{one.table.name} ({', '.join(one.key)})",
                next="somebody else wrote to the target since the check: run map check again",
            )

    def digest(self, staged: Sequence[Staged], *, whole: bool) -> Digest:
        total = Digest()
        for one in staged:
            hashed = f"SELECT {self._transaction.row_hash(one.table, 't')} AS hash"
            if whole:
                total += self._transaction.digest(f"{hashed} FROM {self._transaction.live(one.table)} t")
            elif one.key:
                total += self._transaction.digest(f"{hashed} {self._touched(one)}")
            elif created := self._transaction.created(one):
                total += self._transaction.digest(f"{hashed} {created}")
        return total

    def _touched(self, one: Staged) -> str:
        """The live rows this load creates or overwrites."""
        on = f"{matched('t', 's', one.key)} AND s.{_ACTION} <> '{KEEP}'"
        return f"FROM {self._transaction.live(one.table)} t JOIN {self._transaction.stage(one)} s ON {on}"

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────
    def merge(self, staged: Sequence[Staged]) -> dict[int, dict[str, int]]:
        by_name = {one.table.name: one for one in staged}
        for one in staged:
            if one.key:
                with self._transaction.watching(one):
                    self._journal_before(one)
                self._checks.refuse_fixed(one)
                self._checks.refuse_cascades(one)
            else:
                self._transaction.before_creating(one)
        for group in self._groups(staged):
            one = by_name[group.tables[0].name]
            with self._transaction.watching(one):
                for table in group.tables:
                    self._make_way(by_name[table.name])
                statements = [s for table in group.tables for s in self._writing(by_name[table.name])]
                if group.is_cyclic:
                    self._transaction.write_together(statements)
                else:
                    for statement in statements:
                        self._transaction.execute(statement)
        self._learn_sizes(staged)
        for one in staged:  # only now, when no later statement can change the rows any more
            self._journal_after(one)
        self._changed_by_triggers = self._triggered.journal(staged)
        for one in self._journalled(staged):
            journal = self._journal(one)
            self._transaction.index_own(journal.name, journal.key_columns)
        return self._counts(staged)

    def _learn_sizes(self, staged: Sequence[Staged]) -> None:
        """By what a server knew of a table before many rows came, it may look at each of them for each of them."""
        loaded = [one for one in staged if one.key and self._staged_rows(one) >= _MANY]
        self._transaction.learn_sizes([self._transaction.live(one.table) for one in loaded])

    def _staged_rows(self, one: Staged) -> int:
        [(rows,)] = self._transaction.rows(f"SELECT count(*) FROM {self._transaction.stage(one)} s")
        return int(rows)

    def _groups(self, staged: Sequence[Staged]) -> Sequence[Component]:
        """What is written in one go: each table by itself, unless rows need each other."""
        tables = {one.table.name: one.table for one in staged}
        if any(one.key and self._checks.moves_references(one, tables) for one in staged):
            return [Component(tables=tuple(tables.values()))]
        return components(list(tables.values()))

    def _make_way(self, one: Staged) -> None:
        """Overwritten rows pass unique values on to each other in whatever order the platform writes them."""
        if not one.key or self._mode == FIRE or not self._has(one, OVERWRITE):
            return  # triggers that fire would see the values in between
        journal = self._journal(one)
        for unique in self._transaction.unique_keys(one.table):
            if holders := overwritten_holders(self._transaction, journal, unique):
                make_way(self._transaction, journal, unique, holders)

    def _journal_before(self, one: Staged) -> None:
        journal = self._journal(one)
        columns = one.table.column_names
        names = ", ".join(["action", *journal.key_columns, *map(before_column, columns)])
        values = ", ".join([f"'{OVERWRITE}'", *(f"t.{quoted(column)}" for column in (*one.key, *columns))])
        self._transaction.execute(
            f"INSERT INTO {journal.name} ({names}) SELECT {values} {self._touched(one)} AND s.{_ACTION} = '{OVERWRITE}'"
        )

    def _journal(self, one: Staged) -> Journal:
        return Journal.of(self._transaction, self._run, one)

    def _writing(self, one: Staged) -> list[str]:
        """The statements that overwrite and create: first what may free a unique value."""
        live, stage = self._transaction.live(one.table), self._transaction.stage(one)
        fixed = {*one.key, *self._transaction.fixed_columns(one.table)}
        changed = [column for column in one.columns if column not in fixed]
        statements = []
        if changed and self._has(one, OVERWRITE):
            on = f"{matched('t', 's', one.key)} AND s.{_ACTION} = '{OVERWRITE}'"
            values = [(column, self._transaction.staged_value(one, column)) for column in changed]
            statements.append(self._transaction.update(live, values, f"{stage} s", on))
        if self._has(one, CREATE):
            values_sql = ", ".join(self._transaction.staged_value(one, column) for column in one.columns)
            statements.append(self._transaction.insert(one, values_sql, f"{stage} s WHERE s.{_ACTION} = '{CREATE}'"))
        return statements

    def _has(self, one: Staged, action: str) -> bool:
        query = f"SELECT 1 FROM {self._transaction.stage(one)} s WHERE s.{_ACTION} = '{action}' LIMIT 1"
        return bool(self._transaction.rows(query))

    def _journal_after(self, one: Staged) -> None:
        journal, hashed = self._journal(one), self._transaction.row_hash(one.table, "t")
        if not one.key:
            if created := self._transaction.created(one):
                self._transaction.execute(
                    f"INSERT INTO {journal.name} (action, {quoted('row')}, after)"
                    f" SELECT '{CREATE}', {self._transaction.locator(one.table)}, {hashed} {created}"
                )
            return
        names = ", ".join(["action", *journal.key_columns, "after"])
        self._transaction.execute(
            f"INSERT INTO {journal.name} ({names}) SELECT '{CREATE}', {listed(one.key, 't.')}, {hashed}"
            f" {self._touched(one)} AND s.{_ACTION} = '{CREATE}'"
        )
        on = f"{journal.meets()} AND j.action = '{OVERWRITE}'"
        self._transaction.execute(
            self._transaction.update(journal.name, [("after", hashed)], f"{journal.live} t", on, alias="j")
        )

    def _counts(self, staged: Sequence[Staged]) -> dict[int, dict[str, int]]:
        """Counted from what is live now, not from what was meant to be written."""
        counts: dict[int, dict[str, int]] = {}
        for one in staged:
            source = f"{self._transaction.stage(one)} s"
            if one.key:
                source += f" JOIN {self._transaction.live(one.table)} t ON {matched('t', 's', one.key)}"
            query = f"SELECT s.{_EDGE}, s.{_ACTION}, count(*) FROM {source} GROUP BY s.{_EDGE}, s.{_ACTION}"
            for edge, action, count in self._transaction.rows(query):
                counts.setdefault(int(edge), {})[action] = int(count)
        return counts

    # ── after ───────────────────────────────────────────────────────────────────────────────────────────────
    def compare(self, staged: Staged) -> tuple[RowNote, ...]:
        if not staged.key:
            return self._compare_multiset(staged)
        live, stage = self._transaction.live(staged.table), self._transaction.stage(staged)
        # a row that is not there differs by its key, of which nothing is NULL
        differs = any_of([f"({self._transaction.differs(staged, column)})" for column in staged.columns])
        wrong = (
            f"FROM {stage} s LEFT JOIN {live} t ON {matched('t', 's', staged.key)}"
            f" WHERE s.{_ACTION} <> '{KEEP}' AND {differs}"
        )
        if not int(self._transaction.rows(f"SELECT count(*) {wrong}")[0][0]):  # asked for a few, a server expects some
            return ()
        rows = self._transaction.rows(f"SELECT {listed(staged.key, 's.')} {wrong} LIMIT {_EXAMPLES}")
        return tuple(
            RowNote(
                table=staged.table.name,
                key={column: str(value) for column, value in zip(staged.key, row, strict=True)},
                why="the live row is not what was staged",
            )
            for row in rows
        )

    def _compare_multiset(self, staged: Staged) -> tuple[RowNote, ...]:
        created, stage = self._transaction.created(staged), self._transaction.stage(staged)
        live = f"SELECT {self._transaction.row_hash(staged.table, 't', staged.columns)} AS hash, 1 AS side {created}"
        planned = f"SELECT {self._transaction.staged_hash(staged)} AS hash, -1 AS side FROM {stage} s"
        different = self._transaction.rows(
            f"SELECT count(*) FROM (SELECT hash FROM ({live} UNION ALL {planned}) u"
            " GROUP BY hash HAVING sum(side) <> 0) d"
        )[0][0]
        if not int(different):
            return ()
        return (
            RowNote(table=staged.table.name, key={}, why=f"{different} distinct rows differ in number from staging"),
        )

    def check(self, staged: Sequence[Staged]) -> tuple[str, ...]:
        self._transaction.check_deferred()
        return tuple(problem for one in staged for problem in self._checks.problems(one))

    def commit(self, marker: Marker) -> None:
        self._refuse_same(marker)
        self._transaction.restore_triggers()
        touched = marker.digest_touched + self._changed_by_triggers
        journalled = tuple(self._journalled(marker.tables))
        write_marker(self._transaction, replace(marker, tables=journalled, digest_touched=touched))
        self._transaction.require_time()
        self._transaction.commit()
