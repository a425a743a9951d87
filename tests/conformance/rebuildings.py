"""The contract of a rebuilding. A driver's test file gives `platform` and `empty`, two empty databases of a kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa
import pytest

from migrator.contracts import Reading, Rebuilding, Whole
from migrator.engine.departures import departures, described
from migrator.engine.throwaway import clear, throwaway
from storage.errors import MigratorError, Misuse, Red, TransientFault
from storage.problem import Problem
from storage.schema import Schema, Table
from tests.conformance.platforms import Platform

DDL = """
CREATE TABLE teams (
    id {serial},
    name VARCHAR(20) DEFAULT 'it''s new' NOT NULL,
    captain_id INTEGER,
    CONSTRAINT named UNIQUE (name, captain_id)
);
CREATE TABLE members (
    id INTEGER PRIMARY KEY,
    team_id INTEGER NOT NULL,
    mentor_id INTEGER REFERENCES members (id),
    born INTEGER,
    age INTEGER GENERATED ALWAYS AS (2026 - born) STORED,
    note {text},
    score {real},
    photo {blob},
    CONSTRAINT sensible CHECK (born > 1900),
    CONSTRAINT its_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE
);
CREATE TABLE words (member_id INTEGER, word VARCHAR(40));
CREATE TABLE blank (id INTEGER PRIMARY KEY, at {text});
CREATE TABLE "Odd; name" ("select" INTEGER PRIMARY KEY, "two  words; --" VARCHAR(9));
CREATE INDEX by_age ON members (team_id, born);
CREATE UNIQUE INDEX by_word ON words (word);
INSERT INTO teams (name) VALUES ('one');
INSERT INTO teams (name) VALUES ('two');
INSERT INTO words VALUES (1, 'a');
INSERT INTO words VALUES (1, NULL);
INSERT INTO words VALUES (1, NULL);
INSERT INTO "Odd; name" VALUES (1, 'x');
"""
MEMBERS = """
INSERT INTO members (id, team_id, mentor_id, born, note, score) VALUES (3, 1, NULL, 1950, '', 0.1);
INSERT INTO members (id, team_id, mentor_id, born, note, score) VALUES (1, 1, 3, NULL, NULL, -1e300);
INSERT INTO members (id, team_id, mentor_id, born, note, score) VALUES (2, 2, 1, 2000, ' \\N\n''"é🙂', NULL);
"""


@contextmanager
def reading_of(platform: Platform) -> Iterator[tuple[Reading, list[Table]]]:
    """The reading, and every table as its values are."""
    with platform.source().fence() as reading:
        yield reading, [reading.census(table, Whole())[0] for table in reading.schema.tables]


def filled(rebuilding: Rebuilding, reading: Reading, tables: Sequence[Table]) -> dict[str, int]:
    return {table.name: rebuilding.fill(table, reading.scan(table, Whole())) for table in tables}


@contextmanager
def begun(platform: Platform, empty: Platform) -> Iterator[tuple[Reading, list[Table], Rebuilding]]:
    """The one with its tables made in the other."""
    with reading_of(platform) as (reading, tables):
        model = reading.model(reading.schema.table_names)
        with empty.target().rebuilding(tables, model) as rebuilding:
            yield reading, tables, rebuilding


def rebuilt(platform: Platform, empty: Platform) -> tuple[Problem, ...]:
    """The one as the other, told what could not be; what is not told is as it was declared."""
    with begun(platform, empty) as (reading, tables, rebuilding):
        filled(rebuilding, reading, tables)
        told = rebuilding.finish()
        require_as_declared(reading, tables, empty, told)
        return told


def require_as_declared(reading: Reading, tables: Sequence[Table], restored: Platform, told: Sequence[Problem]) -> None:
    """But for what is told, the one declares what the other does."""
    with restored.source().fence() as after:
        departed = departures(described(reading, tables), described(after, tables), told)
    assert (departed.lost, departed.worded) == ((), ())


def told(schema: Schema) -> list[Table]:
    """What is declared, without the words it was declared in."""
    return [replace(table, ddl=None) for table in schema.tables]


def rows(platform: Platform) -> dict[str, list[str]]:
    return {name: found for name, found in platform.dump().items() if name}


class RebuildingContract:
    """What every platform does that an archive is restored to."""

    @pytest.fixture
    def made(self, platform: Platform) -> Platform:
        platform.run(DDL)
        platform.run(MEMBERS)
        return platform

    def test_everything_declared_and_every_row_is_there_again(self, made: Platform, empty: Platform) -> None:
        assert rebuilt(made, empty) == ()
        with reading_of(made) as (before, _), reading_of(empty) as (after, _):
            assert told(after.schema) == told(before.schema)
            assert after.model(after.schema.table_names) == before.model(before.schema.table_names)
        assert rows(empty) == rows(made)

    def test_it_counts_what_it_fills(self, made: Platform, empty: Platform) -> None:
        with begun(made, empty) as (reading, tables, rebuilding):
            counts = filled(rebuilding, reading, tables)
        assert counts == {"members": 3, "blank": 0, "teams": 2, "words": 3, "Odd; name": 1}

    def test_what_is_declared_holds(self, made: Platform, empty: Platform) -> None:
        rebuilt(made, empty)
        for statement in (
            "INSERT INTO teams (name) VALUES (NULL);",
            "INSERT INTO members (id, team_id) VALUES (1, 1);",
            "INSERT INTO members (id, team_id) VALUES (9, 99);",
            "INSERT INTO members (id, team_id, born) VALUES (9, 1, 7);",
            "INSERT INTO words VALUES (2, 'a');",
        ):
            with pytest.raises(Exception, match=r"(?i)constraint|null|duplicate|unique"):  # each driver has its own
                empty.run(statement)
        empty.run("INSERT INTO members (id, team_id, born) VALUES (9, 1, 2020);")
        assert empty.rows("SELECT age FROM members WHERE id = 9") == [(6,)]

    def test_defaults_and_numbers_go_on(self, made: Platform, empty: Platform) -> None:
        rebuilt(made, empty)
        empty.run("INSERT INTO teams (captain_id) VALUES (5);")
        ((number, name),) = empty.rows("SELECT id, name FROM teams WHERE captain_id = 5")
        assert number > 2 and name == "it's new"

    def test_actions_of_references_are_kept(self, made: Platform, empty: Platform) -> None:
        rebuilt(made, empty)
        empty.run("UPDATE members SET mentor_id = NULL; DELETE FROM teams WHERE id = 2;")
        assert empty.rows("SELECT id FROM members ORDER BY id") == [(1,), (3,)]

    # ── nothing by halves ───────────────────────────────────────────────────────────────────────────────────
    def test_left_without_its_end_it_is_as_empty_as_before(self, made: Platform, empty: Platform) -> None:
        before = empty.dump()
        with begun(made, empty) as (reading, tables, rebuilding):
            filled(rebuilding, reading, tables)
        assert empty.dump() == before

    def test_an_error_on_the_way_leaves_it_empty(self, made: Platform, empty: Platform) -> None:
        before = empty.dump()

        def broken(table: Table, reading: Reading) -> Iterator[pa.RecordBatch]:
            yield from reading.scan(table, Whole())
            raise Red("a part is not what the manifest says")

        with pytest.raises(Red, match="a part is not"), begun(made, empty) as (reading, tables, rebuilding):
            for table in tables:
                rebuilding.fill(table, broken(table, reading))
        assert empty.dump() == before

    @pytest.mark.parametrize("there", ["CREATE TABLE mine (id INTEGER);", "CREATE VIEW mine AS SELECT 1 AS one;"])
    def test_what_holds_anything_is_refused(self, made: Platform, empty: Platform, there: str) -> None:
        empty.run(there)
        before = empty.dump()
        with pytest.raises(Misuse, match="mine") as refused:
            rebuilt(made, empty)
        assert refused.value.next
        assert empty.dump() == before

    def test_an_expression_that_ends_its_statement_is_refused(self, made: Platform, empty: Platform) -> None:
        """An archive is input: what it says is a description, and never a statement."""
        before = empty.dump()
        with reading_of(made) as (reading, tables):
            model = reading.model(reading.schema.table_names)
            evil = [_with_default(table, "1); DROP TABLE teams; --") for table in tables]
            with pytest.raises(MigratorError), empty.target().rebuilding(evil, model) as rebuilding:
                filled(rebuilding, reading, tables)
                rebuilding.finish()
        assert empty.dump() == before

    # ── rows that break what is declared ────────────────────────────────────────────────────────────────────
    def test_rows_whose_parents_stayed_behind_are_told(self, made: Platform, empty: Platform) -> None:
        with begun(made, empty) as (reading, tables, rebuilding):
            filled(rebuilding, reading, [table for table in tables if table.name != "teams"])
            (problem,) = rebuilding.finish()
            require_as_declared(reading, tables, empty, [problem])
        assert "members" in problem.where and "team" in problem.where + problem.what
        assert problem.count == 3
        assert empty.rows("SELECT count(*) FROM members") == [(3,)]

    def test_rows_that_break_a_check_are_told(self, made: Platform, empty: Platform) -> None:
        with begun(made, empty) as (reading, tables, rebuilding):
            for table in tables:
                rebuilding.fill(table, (_aged(batch) for batch in reading.scan(table, Whole())))
            (problem,) = rebuilding.finish()
            require_as_declared(reading, tables, empty, [problem])
        assert "members" in problem.where and "sensible" in problem.where + problem.what
        assert problem.count == 2
        assert empty.rows("SELECT count(*) FROM members WHERE born = 7") == [(2,)]

    def test_a_table_that_is_not_in_the_archive_is_not_pointed_at(self, made: Platform, empty: Platform) -> None:
        with reading_of(made) as (reading, tables):
            some = [table for table in tables if table.name != "teams"]
            model = reading.model([table.name for table in some])
            with empty.target().rebuilding(some, model) as rebuilding:
                filled(rebuilding, reading, some)
                problems = rebuilding.finish()
                require_as_declared(reading, some, empty, problems)
        assert any("teams" in problem.what or "its_team" in problem.where for problem in problems)
        empty.run("INSERT INTO members (id, team_id, born) VALUES (9, 99, 2020);")

    # ── a copy to rehearse in ───────────────────────────────────────────────────────────────────────────────
    def test_a_copy_of_the_structure_holds_no_row_and_goes_away_again(self, made: Platform, empty: Platform) -> None:
        before, names = empty.dump(), made.target().describe().table_names
        with throwaway(made.source(), names, empty.target()) as problems:
            assert problems == ()
            copied = empty.target().describe()
            assert [one for one in told(copied) if one.name in names] == told(made.target().describe())
            assert not any(count for table, count in rows(empty).items() if table in names)
            empty.run("INSERT INTO teams (name) VALUES ('one');")
        assert empty.dump() == before

    def test_a_copy_that_somebody_left_is_removed(self, made: Platform, empty: Platform) -> None:
        before, names = empty.dump(), made.target().describe().table_names
        for _ in range(2):
            leave_a_copy(made, empty)
            with throwaway(made.source(), names, empty.target()) as problems:
                assert [problem.what for problem in problems if "killed" in problem.what]
                assert not any(count for table, count in rows(empty).items() if table in names)
            assert empty.dump() == before
            assert not clear(empty.target())
        leave_a_copy(made, empty)
        assert clear(empty.target()) and empty.dump() == before

    def test_a_copy_that_somebody_uses_by_now_stays(self, made: Platform, empty: Platform) -> None:
        leave_a_copy(made, empty)
        empty.run("INSERT INTO teams (name) VALUES ('one');")
        there, names = empty.dump(), made.target().describe().table_names
        with pytest.raises(Misuse, match="rows in it: teams"), throwaway(made.source(), names, empty.target()):
            raise AssertionError("somebody's rows would be erased")
        with pytest.raises(Misuse, match="rows in it: teams"):
            clear(empty.target())
        assert empty.dump() == there

    def test_a_copy_in_which_somebody_is_at_work_stays(self, made: Platform, empty: Platform) -> None:
        names = made.target().describe().table_names
        with throwaway(made.source(), names, empty.target()):
            there = empty.dump()
            with pytest.raises(TransientFault, match="at work"), throwaway(made.source(), names, empty.target()):
                raise AssertionError("two rehearsals in one copy")
            assert not clear(empty.target())
            assert empty.dump() == there

    def test_what_people_make_in_a_copy_is_theirs(self, made: Platform, empty: Platform) -> None:
        names = made.target().describe().table_names
        with throwaway(made.source(), names, empty.target()):
            empty.run("CREATE TABLE mine (id INTEGER); INSERT INTO mine VALUES (7);")
        assert empty.target().describe().table_names == ("mine",)
        assert empty.rows("SELECT id FROM mine") == [(7,)]

    def test_a_copy_is_made_where_nothing_is(self, made: Platform, empty: Platform) -> None:
        empty.run("CREATE TABLE mine (id INTEGER);")
        names = made.target().describe().table_names
        with pytest.raises(Misuse, match="mine"), throwaway(made.source(), names, empty.target()):
            raise AssertionError("somebody's tables would be erased")
        assert empty.target().describe().table_names == ("mine",)


def leave_a_copy(made: Platform, empty: Platform) -> None:
    """As a rehearsal that is killed does."""

    def killed(*_: object) -> None:
        raise KilledError

    target = empty.target()
    target.erase = killed  # type: ignore[method-assign]
    copied = throwaway(made.source(), made.target().describe().table_names, target)
    with pytest.raises(KilledError), copied, target.staging("a-killed-one") as staging:
        assert staging


class KilledError(Exception):
    """Whoever rehearsed is gone."""


def _with_default(table: Table, text: str) -> Table:
    if table.name != "blank":
        return table
    return replace(table, columns=(*table.columns[:-1], replace(table.columns[-1], default=text)))


def _aged(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Whoever has a year of birth, with one nobody has."""
    if "born" not in batch.schema.names:
        return batch
    at = batch.schema.get_field_index("born")
    column = batch.column(at)
    years = pa.array([None if year is None else 7 for year in column.to_pylist()], column.type)
    return batch.set_column(at, "born", years)
