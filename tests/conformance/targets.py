"""The contract of a target. A driver's test file gives `platform`, an empty database, and inherits these tests."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import zip_longest
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pytest

from migrator.contracts import (
    ACTION,
    CREATE,
    DISABLE,
    EDGE,
    FIRE,
    KEEP,
    NO_TRIGGERS,
    OVERWRITE,
    Among,
    Claims,
    Digest,
    Marker,
    Merge,
    Staged,
    Staging,
    Tally,
    Target,
    Triggers,
    Undone,
)
from migrator.platforms.relational import closing as relational_closing
from storage.errors import Fault, Misuse, Red, TransientFault
from storage.schema import Table
from storage.types import arrow_type
from tests.conformance.platforms import Platform, integers

DDL = """
CREATE TABLE teams (
    id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, size INTEGER CHECK (size >= 0),
    lead_id INTEGER {ahead:REFERENCES members (id) ON DELETE SET NULL});
CREATE TABLE members (
    id INTEGER PRIMARY KEY, team_id INTEGER NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    mentor_id INTEGER REFERENCES members (id) ON DELETE SET NULL, email VARCHAR(20) UNIQUE, note {text});
{afterwards:ALTER TABLE teams ADD FOREIGN KEY (lead_id) REFERENCES members (id) ON DELETE SET NULL;}
CREATE TABLE words (team_id INTEGER REFERENCES teams (id), word {text});
CREATE TABLE badges (id {serial}, code VARCHAR(9) NOT NULL UNIQUE, weight {real});
CREATE TABLE seats (
    team_id INTEGER, line INTEGER, label {text}, doubled INTEGER GENERATED ALWAYS AS (line * 2) STORED,
    PRIMARY KEY (team_id, line));
CREATE TABLE alerts (id {serial}, member_id INTEGER NOT NULL REFERENCES members (id) ON DELETE CASCADE);
CREATE TABLE pins (id {serial}, member_id INTEGER REFERENCES members (id) ON DELETE SET NULL);
INSERT INTO teams VALUES (1, 'theirs', 5, NULL), (2, 'others', 6, NULL);
INSERT INTO members VALUES (1, 1, NULL, 'a@x', ''), (2, 2, 1, 'b@x', NULL), (3, 2, NULL, 'c@x', ' ');
INSERT INTO words VALUES (1, 'same'), (2, 'their own'), (NULL, NULL);
INSERT INTO badges (code, weight) VALUES ('old', 0.5);
INSERT INTO seats (team_id, line, label) VALUES (1, 1, 'window');
"""
SHOUT = """
{sqlite:CREATE TRIGGER shout AFTER INSERT ON teams BEGIN UPDATE teams SET name = upper(name) WHERE id = new.id; END;}
{mysql:CREATE TRIGGER shout BEFORE INSERT ON teams FOR EACH ROW SET new.name = upper(new.name);}
{postgresql:CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN new.name = upper(new.name); RETURN new; END';
CREATE TRIGGER shout BEFORE INSERT ON teams FOR EACH ROW EXECUTE FUNCTION shout();}
"""
NEWS = """
CREATE TABLE news (id {serial}, team_id INTEGER REFERENCES teams (id) ON DELETE CASCADE, what VARCHAR(9));
CREATE TABLE tallies (id INTEGER PRIMARY KEY, teams INTEGER);
INSERT INTO tallies VALUES (1, 2), (2, 0);
{sqlite:CREATE TRIGGER tell AFTER INSERT ON teams BEGIN
    INSERT INTO news (team_id, what) VALUES (new.id, 'new'); UPDATE tallies SET teams = teams + 1 WHERE id = 1; END;}
{mysql:CREATE TRIGGER tell AFTER INSERT ON teams FOR EACH ROW BEGIN
    INSERT INTO news (team_id, what) VALUES (new.id, 'new'); UPDATE tallies SET teams = teams + 1 WHERE id = 1; END;}
{postgresql:CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
    INSERT INTO news (team_id, what) VALUES (new.id, ''new''); UPDATE tallies SET teams = teams + 1 WHERE id = 1;
    RETURN NULL; END';
CREATE TRIGGER tell AFTER INSERT ON teams FOR EACH ROW EXECUTE FUNCTION tell();}
"""
"""A trigger that writes two tables beside the one it watches."""

GRIEVE = """
{sqlite:CREATE TRIGGER grieve AFTER DELETE ON teams BEGIN INSERT INTO words VALUES (1, 'gone'); END;}
{mysql:CREATE TRIGGER grieve AFTER DELETE ON teams FOR EACH ROW INSERT INTO words VALUES (1, 'gone');}
{postgresql:CREATE FUNCTION grieve() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO words VALUES (1, ''gone''); RETURN NULL; END';
CREATE TRIGGER grieve AFTER DELETE ON teams FOR EACH ROW EXECUTE FUNCTION grieve();}
"""
MEMBERS = ("id", "team_id", "mentor_id", "email", "note")


@dataclass(frozen=True)
class Rows:
    """What is staged for one table: rows by what is to be done with them."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    create: Sequence[tuple[Any, ...]] = ()
    overwrite: Sequence[tuple[Any, ...]] = ()
    keep: Sequence[tuple[Any, ...]] = ()

    def staged(self, target: Target) -> Staged:
        return Staged(table=target.describe().table(self.table), columns=self.columns, key=self.key)

    def batch(self, target: Target, edge: int = 0) -> pa.RecordBatch:
        table = target.describe().table(self.table)
        by_action = ((CREATE, self.create), (OVERWRITE, self.overwrite), (KEEP, self.keep))
        rows = [(*row, action, edge) for action, part in by_action for row in part]
        types = [*(arrow_type(table.column(name).type) for name in self.columns), pa.string(), pa.int32()]
        columns = list(zip(*rows, strict=True)) or [()] * len(types)
        arrays = [pa.array(column, type_) for column, type_ in zip(columns, types, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, names=[*self.columns, ACTION, EDGE])


def teams(**rows: Sequence[tuple[Any, ...]]) -> Rows:
    return Rows("teams", ("id", "name", "size", "lead_id"), ("id",), **rows)


def members(**rows: Sequence[tuple[Any, ...]]) -> Rows:
    return Rows("members", MEMBERS, ("id",), **rows)


def words(*create: tuple[Any, ...]) -> Rows:
    return Rows("words", ("team_id", "word"), (), create=create)


STORY = (
    teams(create=[(10, "ours", 3, 11)], overwrite=[(2, "others renamed", 7, 1)]),
    members(
        create=[(11, 10, 12, "k@x", "\\N"), (12, 10, 11, None, "")],
        overwrite=[(3, 10, 11, "z@x", "changed")],
        keep=[(1, 99, 99, "never written", None)],
    ),
    words((10, "same"), (10, "same"), (1, "same"), (None, "")),
    Rows("badges", ("code", "weight"), ("code",), create=[("new", -0.5)], overwrite=[("old", 1.5)]),
    Rows("seats", ("team_id", "line", "label"), ("team_id", "line"), create=[(10, 1, "door")]),
)
"""A cycle, references to themselves, a kept row, equal rows without a key, a serial and a composite key."""


def merged(
    target: Target,
    *story: Rows,
    run: str = "r1",
    commit: bool = True,
    inside: Callable[[Merge], None] | None = None,
    triggers: Triggers = NO_TRIGGERS,
) -> dict[int, dict[str, int]]:
    """Stage and merge; commit, or leave it to be rolled back."""
    tables = [rows.staged(target) for rows in story]
    with target.staging(run) as staging:
        for edge, (rows, staged) in enumerate(zip(story, tables, strict=True)):
            staging.stage(staged, [rows.batch(target, edge)])
        with target.merging(run, triggers=triggers) as merge:
            merge.lock(tables)
            touched, whole = merge.digest(tables, whole=False), merge.digest(tables, whole=True)
            counts = merge.merge(tables)
            if inside:
                inside(merge)
            if commit:
                merge.commit(marker(run, tables, touched, whole))
    return counts


def refusal(target: Target, rows: Rows) -> str:
    """What is said against a load before its commit: by the platform as the rows go in, else by the check after."""
    problems: list[str] = []
    try:
        merged(target, rows, commit=False, inside=lambda merge: problems.extend(merge.check([rows.staged(target)])))
    except Red as red:
        return str(red)
    assert len(problems) == 1
    return problems[0]


def marker(run: str, tables: Sequence[Staged], touched: Digest, whole: Digest) -> Marker:
    return Marker(
        run=run,
        plan="p",
        tenant="t",
        archive="a",
        seal="s",
        asked=f"of {run}",
        loaded_at="2026-01-01T00:00:00Z",
        tables=tuple(tables),
        digest_touched=touched,
        digest_whole=whole,
        tally=Tally(counts={3: {CREATE: 1}}, digest_before=whole, digest_loaded=touched, lock_seconds=0.5),
    )


def whys(undone: Undone) -> dict[str, str]:
    return {f"{note.table} {', '.join(note.key.values())}".strip(): note.why for note in undone.notes}


def killed(function: Callable[[], object]) -> None:
    """Run it in a child process that must end by SIGKILL, as `die` does."""
    child = os.fork()
    if not child:
        try:
            function()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def swept(target: Target, run: str = "r1") -> None:
    """What a killed run staged goes when the next one stages, once the server has noticed that nobody holds it."""
    for _ in range(100):
        try:
            with target.staging(run):
                return
        except TransientFault:
            time.sleep(0.05)


def taken_at_last(claims: Claims, tables: Sequence[Table]) -> None:
    """Once the server has noticed that nobody has them any more."""
    for _ in range(100):
        if claims.take(tables) == "":
            return
        time.sleep(0.05)
    pytest.fail("somebody holds them still")


@contextmanager
def at_last(target: Target, run: str) -> Iterator[Staging]:
    """The staging that a killed process kept, once the server has noticed that nobody holds it."""
    with ExitStack() as stack:
        for _ in range(100):
            try:
                staging = stack.enter_context(target.staging(run, keep=True))
                break
            except TransientFault:
                time.sleep(0.05)
        yield staging


class TargetContract:
    """What every target does."""

    claims_by_table = True

    @pytest.fixture
    def target(self, platform: Platform) -> Target:
        platform.run(DDL)
        return platform.target()

    # ── claims ──────────────────────────────────────────────────────────────────────────────────────────────
    def test_a_table_is_one_run_s_at_a_time(self, platform: Platform, target: Target) -> None:
        teams_table, seats_table = (target.describe().table(name) for name in ("teams", "seats"))
        with target.claims("first") as first, platform.target().claims("second") as second:
            assert first.take([teams_table, seats_table]) == ""
            assert "run" in second.take([teams_table])
            first.require()
        with target.claims("third") as third:
            assert third.take([teams_table, seats_table]) == ""

    def test_tables_are_taken_all_or_none(self, target: Target) -> None:
        every = target.describe().tables
        with target.claims("first") as first:
            assert first.take([target.describe().table("seats")]) == ""
            with target.claims("second") as second:
                assert second.take(every) != ""
                with target.claims("third") as third:
                    others = [table for table in every if table.name != "seats"]
                    assert third.take(others) == ("" if self.claims_by_table else "run first")

    def test_a_run_that_is_killed_holds_nothing(self, platform: Platform, target: Target) -> None:
        every, before = target.describe().tables, platform.dump()

        def take_and_die() -> None:
            with target.claims("first") as first:
                assert first.take(every) == ""
                die()

        killed(take_and_die)
        with target.claims("second") as second:
            taken_at_last(second, every)
        assert platform.dump() == before

    def test_an_attempt_that_hangs_is_ended_by_the_next_one(self, platform: Platform, target: Target) -> None:
        """It can neither commit nor keep the next one waiting; where it is of this machine, it is killed before."""
        if not self.claims_by_table:
            return
        before, rows = platform.dump(), words((1, "twice"))
        staged = [rows.staged(target)]
        with (
            platform.target().claims("other") as other,
            suppress(Fault),
            target.claims("r1") as hanging,
            target.staging("r1", keep=True) as staging,
        ):
            assert hanging.take([one.table for one in staged]) == ""
            assert other.take([target.describe().table("seats")]) == ""
            staging.stage(staged[0], [rows.batch(target)])
            with platform.target().claims("r1") as following:
                with pytest.raises(Fault), target.merging("r1") as merge:
                    merge.lock(staged)
                    merge.merge(staged)
                    taken_at_last(following, [one.table for one in staged])
                    merge.commit(marker("r1", staged, Digest(), Digest()))
                assert "run" in following.take([target.describe().table("seats")])
                other.require()
                with pytest.raises(Fault):
                    hanging.require()
                with at_last(platform.target(), "r1"):
                    pass
        assert platform.dump() == before

    # ── staging ─────────────────────────────────────────────────────────────────────────────────────────────
    def test_what_is_staged_is_read_back_the_same(self, platform: Platform, target: Target) -> None:
        before = platform.dump()
        with target.staging("r1") as staging:
            for rows in STORY:
                staged, batch = rows.staged(target), rows.batch(target)
                assert staging.stage(staged, [batch, batch.slice(0, 0)]) == batch.num_rows
                again = pa.Table.from_batches(staging.scan(staged)).to_pylist()
                assert sorted(map(str, again)) == sorted(map(str, batch.to_pylist()))
            assert staging.stage(staged, [batch.slice(0, 0)]) == 0  # replaces
            assert sum(one.num_rows for one in staging.scan(staged)) == 0
        assert platform.dump() == before

    def test_two_staged_rows_with_one_key_are_red(self, platform: Platform, target: Target) -> None:
        twice = teams(create=[(10, "a", 1, None), (10, "b", 1, None)])
        with target.staging("r1") as staging, pytest.raises(Red, match="same key") as red:
            staging.stage(twice.staged(target), [twice.batch(target)])
        assert "teams" in red.value.where

    def test_kept_staging_is_there_for_the_next_attempt_until_the_run_ends(
        self, platform: Platform, target: Target
    ) -> None:
        before, rows = platform.dump(), teams(create=[(10, "ours", 3, None)])
        staged, batch = rows.staged(target), rows.batch(target)
        with pytest.raises(KeyboardInterrupt), target.staging("R1", keep=True) as staging:
            assert staging.noted(staged) is None
            staging.stage(staged, [batch])
            assert staging.noted(staged) is None
            staging.note(staged, "a1")
            raise KeyboardInterrupt
        with target.staging("other"):  # nobody sweeps it
            pass
        with pytest.raises(Red), target.staging("R1", keep=True) as staging:
            assert staging.noted(staged) == "a1"
            assert pa.Table.from_batches(staging.scan(staged)).to_pylist() == batch.to_pylist()
            staging.stage(staged, [batch, batch.slice(0, 0)])
            assert staging.noted(staged) is None
            raise Red("an answer ends the run")
        assert platform.dump() == before

    def test_kept_staging_outlives_kill_9_and_goes_when_somebody_says_so(
        self, platform: Platform, target: Target
    ) -> None:
        before, done, begun = platform.dump(), teams(create=[(10, "ours", 3, None)]), words((1, "a"))

        def dying() -> None:
            with target.staging("r1", keep=True) as staging:
                staging.stage(done.staged(target), [done.batch(target)])
                staging.note(done.staged(target), "a1")
                staging.stage(begun.staged(target), (die() for _ in range(1)))  # type: ignore[misc]

        killed(dying)
        swept(target, "other")
        with suppress(KeyboardInterrupt), at_last(target, "r1") as staging:
            assert staging.noted(done.staged(target)) == "a1"
            assert staging.noted(begun.staged(target)) is None
            assert staging.stage(begun.staged(target), [begun.batch(target)]) == 1
            raise KeyboardInterrupt
        assert target.sweep(["r2", "r1"]) == 1
        assert target.sweep(["r2", "r1"]) == 0
        assert platform.dump() == before

    def test_what_nobody_keeps_goes_with_the_next_run_though_it_was_finished(
        self, platform: Platform, target: Target
    ) -> None:
        before, rows = platform.dump(), teams(create=[(10, "ours", 3, None)])

        def dying() -> None:
            with target.staging("r1") as staging:
                staging.stage(rows.staged(target), [rows.batch(target)])
                staging.note(rows.staged(target), "a1")
                die()

        killed(dying)
        for _ in range(100):  # until the server has noticed
            swept(target, "other")
            if platform.dump() == before:
                break
            time.sleep(0.05)
        assert platform.dump() == before
        assert target.sweep(["r1"]) == 0

    def test_nobody_else_goes_on_with_staging_that_is_in_use(self, platform: Platform, target: Target) -> None:
        with target.staging("r1", keep=True):
            assert target.sweep(["r1"]) == 0
            with pytest.raises(TransientFault, match="another process"), target.staging("r1", keep=True):
                pass

    def test_a_run_that_is_over_leaves_nothing_though_a_session_of_it_hangs(
        self, platform: Platform, target: Target
    ) -> None:
        if not self.claims_by_table:
            return
        before, rows = platform.dump(), teams(create=[(10, "ours", 3, None)])
        with suppress(Fault), target.staging("r1", keep=True) as hanging:
            hanging.stage(rows.staged(target), [rows.batch(target)])
            assert platform.target().sweep(["r0", "r1"], are_over=True) == 1
            assert platform.dump() == before
            with pytest.raises(Fault):
                hanging.note(rows.staged(target), "a1")
        assert platform.dump() == before

    def test_a_scan_may_be_left_half_way(self, platform: Platform, target: Target) -> None:
        platform.insert("words", ((1, f"{number}") for number in range(20_000)))
        table = target.describe().table("words")
        with target.scan(table, Among(columns=("team_id",), keys=integers(1))) as batches:
            assert next(batches).num_rows < 20_000
        del batches  # nothing is left to complain when it goes
        gc.collect()
        platform.run("DELETE FROM words;")

    # ── merge ───────────────────────────────────────────────────────────────────────────────────────────────
    def test_create_overwrite_and_keep(self, platform: Platform, target: Target) -> None:
        counts = merged(target, *STORY)
        assert counts == {
            0: {CREATE: 1, OVERWRITE: 1},
            1: {CREATE: 2, OVERWRITE: 1, KEEP: 1},
            2: {CREATE: 4},
            3: {CREATE: 1, OVERWRITE: 1},
            4: {CREATE: 1},
        }
        assert platform.rows("SELECT * FROM members ORDER BY id") == [
            (1, 1, None, "a@x", ""),
            (2, 2, 1, "b@x", None),
            (3, 10, 11, "z@x", "changed"),
            (11, 10, 12, "k@x", "\\N"),
            (12, 10, 11, None, ""),
        ]
        assert platform.rows("SELECT count(*) FROM words WHERE word = 'same'") == [(4,)]
        assert platform.rows("SELECT code, weight FROM badges ORDER BY code") == [("new", -0.5), ("old", 1.5)]
        assert platform.rows("SELECT line, label, doubled FROM seats WHERE team_id = 10") == [(1, "door", 2)]
        (stands,) = target.markers()
        assert (stands.run, stands.tally and stands.tally.counts) == ("r1", {3: {CREATE: 1}})
        assert stands.tally is not None and stands.tally.digest_before == stands.digest_whole
        assert "migrator" not in " ".join(target.describe().table_names)

    def test_texts_and_bytes_arrive_as_they_are(self, platform: Platform, target: Target) -> None:
        platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY, note {text}, content {blob});")
        before = platform.dump()
        notes = [
            "",
            " ",
            "\\N",
            "\\",
            "\\.",
            "a\tb\vc",
            "a\r\nb\rc\n",
            "'\"`;--",
            "%s%%",
            "é",
            "e\u0301",
            "😀",
            "x" * 100_000,
        ]
        contents = [b"", b"\0", bytes(range(256)), b"\\N", b"\\x00", b"'", bytes(100_000)]
        rows = [*enumerate(zip_longest(notes, contents)), (-1, (None, None))]
        created = [(number, *values) for number, values in rows]
        merged(target, Rows("t", ("id", "note", "content"), ("id",), create=created))
        assert platform.rows("SELECT id, note, content FROM t ORDER BY id") == sorted(created, key=itemgetter(0))
        assert target.undo("r1").reversed == len(created)
        assert platform.dump() == before

    def test_names_are_taken_as_they_are_written(self, platform: Platform, target: Target) -> None:
        platform.run(
            'CREATE TABLE "Order" ("Id" INTEGER PRIMARY KEY, "select" INTEGER, "two  words" INTEGER,'
            ' "é%s" INTEGER REFERENCES "Order" ("Id"));'
            'INSERT INTO "Order" VALUES (1, 2, 3, NULL);'
        )
        before, columns = platform.dump(), ("Id", "select", "two  words", "é%s")
        story = Rows("Order", columns, ("Id",), create=[(2, 4, 6, 3), (3, 6, 9, 2)], overwrite=[(1, 20, None, 2)])
        merged(target, story)
        assert platform.rows('SELECT * FROM "Order" ORDER BY "Id"') == [(1, 20, None, 2), (2, 4, 6, 3), (3, 6, 9, 2)]
        assert target.undo("r1").reversed == 3
        assert platform.dump() == before

    def test_the_transaction_agrees_with_staging_and_sees_its_rows(self, target: Target) -> None:
        found: list[object] = []

        def inside(merge: Merge) -> None:
            tables = [rows.staged(target) for rows in STORY]
            found.extend(note for staged in tables for note in merge.compare(staged))
            found.extend(merge.check(tables))
            seen = merge.scan(target.describe().table("members"), Among(columns=("id",), keys=integers(11)))
            assert [row["email"] for batch in seen for row in batch.to_pylist()] == ["k@x"]
            table = target.describe().table("members")
            with target.scan(table, Among(columns=("id",), keys=integers(11))) as batches:
                assert sum(batch.num_rows for batch in batches) == 0, "nobody else sees them yet"

        merged(target, *STORY, commit=False, inside=inside)
        assert found == []

    def test_what_is_not_committed_never_was(self, platform: Platform, target: Target) -> None:
        before = platform.dump()
        merged(target, *STORY, commit=False)
        assert platform.dump() == before
        assert target.markers() == ()
        platform.run("INSERT INTO badges (code) VALUES ('by hand'); INSERT INTO alerts (member_id) VALUES (1);")

    @pytest.mark.parametrize("commit", [True, False], ids=["loaded", "rehearsed"])
    def test_locks_held_too_long_are_given_up_and_nothing_is_written(
        self, platform: Platform, target: Target, commit: bool
    ) -> None:
        before, rows = platform.dump(), teams(create=[(10, "a", 1, None)])
        with target.staging("r1") as staging:
            staging.stage(rows.staged(target), [rows.batch(target)])
            with target.merging("r1", max_seconds=60) as merge:
                merge.lock([rows.staged(target)])
            with pytest.raises(Red, match="more than 0 s"), target.merging("r1", max_seconds=0) as merge:
                merge.lock([rows.staged(target)])
                merge.merge([rows.staged(target)])  # a short statement may pass, the end may not
                if commit:
                    merge.commit(marker("r1", [rows.staged(target)], Digest(), Digest()))
        assert platform.dump() == before
        platform.run("INSERT INTO teams (id, name) VALUES (99, 'free again');")

    def test_an_ordinary_insert_works_after_a_load(self, platform: Platform, target: Target) -> None:
        merged(target, *STORY)
        platform.run("INSERT INTO badges (code) VALUES ('by hand'); INSERT INTO pins (member_id) VALUES (11);")
        assert platform.rows("SELECT count(DISTINCT id) FROM badges") == [(3,)]

    @pytest.mark.parametrize(
        ("rows", "table"),
        [
            (teams(create=[(10, "theirs", 1, None)]), "teams"),
            (teams(create=[(10, None, 1, None)]), "teams"),
            (teams(create=[(10, "ours", -1, None)]), "teams"),
            (members(overwrite=[(3, 2, None, "a@x", None)]), "members"),
        ],
        ids=["unique", "not null", "check", "unique by overwriting"],
    )
    def test_a_violated_constraint_is_red_and_writes_nothing(
        self, platform: Platform, target: Target, rows: Rows, table: str
    ) -> None:
        before = platform.dump()
        with pytest.raises(Red) as red:
            merged(target, words((1, "also")), rows)
        assert table in red.value.where
        assert platform.dump() == before

    @pytest.mark.parametrize(
        ("rows", "reference"),
        [
            (members(create=[(11, 98, None, None, None)], keep=[(1, 97, None, "", None)]), ("members", "team_id")),
            (words((1, "fine"), (96, "lost")), ("words", "team_id")),
            (Rows("tags", ("id",), ("id",), create=[(5,)]), ("tags", "team_id")),
        ],
        ids=["with a key", "without a key", "by default"],
    )
    def test_orphans_are_named_before_the_commit(
        self, platform: Platform, target: Target, rows: Rows, reference: tuple[str, str]
    ) -> None:
        platform.run("CREATE TABLE tags (id INTEGER PRIMARY KEY, team_id INTEGER DEFAULT 77 REFERENCES teams (id));")
        before, told = platform.dump(), refusal(target, rows)
        assert all(name in told for name in reference)
        assert platform.dump() == before

    @pytest.mark.parametrize("action", ["CASCADE", "SET NULL"])
    def test_overwriting_never_changes_rows_that_nobody_journals(
        self, platform: Platform, target: Target, action: str
    ) -> None:
        platform.run(
            "CREATE TABLE mails (id INTEGER PRIMARY KEY,"
            f" email VARCHAR(20) REFERENCES members (email) ON UPDATE {action});"
        )
        platform.insert("mails", [(1, "c@x")])
        before = platform.dump()
        with pytest.raises(Red, match=f"rows of mails too, by ON UPDATE {action}"):
            merged(target, members(overwrite=[(3, 2, None, "z@x", " ")]))
        assert platform.dump() == before
        merged(target, members(overwrite=[(3, 2, None, "c@x", "the same address")]))

    def test_overwriting_what_others_point_at_is_found_before_the_commit(
        self, platform: Platform, target: Target
    ) -> None:
        platform.run("CREATE TABLE mails (id INTEGER PRIMARY KEY, email VARCHAR(20) REFERENCES members (email));")
        platform.insert("mails", [(1, "c@x")])
        before, told = platform.dump(), refusal(target, members(overwrite=[(3, 2, None, "z@x", " ")]))
        assert "mails" in told and "email" in told
        assert platform.dump() == before

    @pytest.mark.parametrize(
        ("change", "rows"),
        [
            ("INSERT INTO teams VALUES (10, 'mine', 1, NULL);", teams(create=[(10, "ours", 1, None)])),
            ("DELETE FROM members WHERE id = 3;", members(overwrite=[(3, 1, None, "n@x", None)])),
            ("DELETE FROM members WHERE id = 3;", members(keep=[(3, 1, None, "n@x", None)])),
        ],
        ids=["appeared", "overwritten gone", "kept gone"],
    )
    def test_what_others_wrote_since_the_check_is_red(
        self, platform: Platform, target: Target, change: str, rows: Rows
    ) -> None:
        platform.run(change)
        before = platform.dump()
        with pytest.raises(Red, match="the target"):
            merged(target, rows)
        assert platform.dump() == before

    def test_a_run_is_loaded_once(self, platform: Platform, target: Target) -> None:
        merged(target, words((1, "once")))
        with pytest.raises(Misuse, match="already"):
            merged(target, words((1, "once")))
        assert platform.rows("SELECT count(*) FROM words WHERE word = 'once'") == [(1,)]

    def test_two_loads_of_the_same_archive_never_both_commit(self, platform: Platform, target: Target) -> None:
        merged(target, words((1, "once")), run="r1")
        before, again = platform.dump(), words((1, "once"))
        with pytest.raises(Red, match="meanwhile"), target.staging("r2") as staging:
            staging.stage(again.staged(target), [again.batch(target)])
            with target.merging("r2") as merge:
                merge.lock([again.staged(target)])
                merge.merge([again.staged(target)])
                merge.commit(replace(marker("r2", [again.staged(target)], Digest(), Digest()), asked="of r1"))
        assert platform.dump() == before

    def test_rows_changed_by_a_trigger_are_noticed(self, platform: Platform, target: Target) -> None:
        platform.run(SHOUT)
        notes: list[object] = []
        rows = teams(create=[(10, "ours", 1, None)])
        merged(target, rows, commit=False, inside=lambda merge: notes.extend(merge.compare(rows.staged(target))))
        assert len(notes) == 1

    # ── triggers ────────────────────────────────────────────────────────────────────────────────────────────
    def test_what_triggers_write_is_journalled_where_the_plan_names_it(
        self, platform: Platform, target: Target
    ) -> None:
        platform.run(NEWS)
        before = platform.dump()
        merged(target, *STORY, triggers=Triggers(mode=FIRE, writes=("news", "tallies")))
        assert platform.rows("SELECT team_id, what FROM news") == [(10, "new")]
        assert platform.rows("SELECT id, teams FROM tallies ORDER BY id") == [(1, 3), (2, 0)]
        undone = target.undo("r1")
        assert (undone.reversed, undone.kept) == (14, 0)
        assert undone.digest_after == undone.digest_before_load
        assert platform.dump() == before

    def test_what_people_edited_of_it_since_stays(self, platform: Platform, target: Target) -> None:
        platform.run(NEWS)
        merged(target, *STORY, triggers=Triggers(mode=FIRE, writes=("news", "tallies")))
        platform.run("UPDATE tallies SET teams = 9 WHERE id = 1; UPDATE tallies SET teams = 5 WHERE id = 2;")
        assert whys(target.undo("r1")) == {"tallies 1": "kept: edited since the load"}
        assert platform.rows("SELECT id, teams FROM tallies ORDER BY id") == [(1, 9), (2, 5)]
        assert platform.rows("SELECT count(*) FROM news") == [(0,)]

    def test_what_triggers_write_and_nobody_names_is_red(self, platform: Platform, target: Target) -> None:
        platform.run(NEWS)
        before = platform.dump()
        with pytest.raises(Red, match="triggers write tallies, which nobody journals") as red:
            merged(target, *STORY, triggers=Triggers(mode=FIRE, writes=("news",)))
        assert "fire: [news, tallies]" in red.value.next
        assert platform.dump() == before

    def test_triggers_that_are_disabled_write_nothing_and_fire_again_afterwards(
        self, platform: Platform, target: Target
    ) -> None:
        platform.run(NEWS)
        before = platform.dump()
        if not target.capabilities.silences_triggers:
            with pytest.raises(Red, match="tell would fire"):
                merged(target, *STORY, triggers=Triggers(mode=DISABLE))
            assert platform.dump() == before
            return
        merged(target, *STORY, triggers=Triggers(mode=DISABLE))
        assert platform.rows("SELECT count(*) FROM news") == [(0,)]
        target.undo("r1")
        assert platform.dump() == before
        platform.run("INSERT INTO teams (id, name) VALUES (50, 'by hand');")
        assert platform.rows("SELECT team_id FROM news") == [(50,)]

    def test_taking_back_fires_nothing(self, platform: Platform, target: Target) -> None:
        before = platform.dump()["words"]
        merged(target, *STORY)
        platform.run(GRIEVE)
        if target.capabilities.silences_triggers:
            assert target.undo("r1").kept == 0
        else:
            loaded = platform.dump()
            with pytest.raises(Red, match="grieve would fire"):
                target.undo("r1")
            assert platform.dump() == loaded
            platform.run("DROP TRIGGER grieve;")
            target.undo("r1")
        assert platform.dump()["words"] == before

    def test_a_hundred_columns(self, platform: Platform, target: Target) -> None:
        columns = tuple(f"c{i}" for i in range(100))
        platform.run(f"CREATE TABLE wide (id INTEGER PRIMARY KEY, {', '.join(f'{c} INTEGER' for c in columns)});")
        before = platform.dump()
        merged(target, Rows("wide", ("id", *columns), ("id",), create=[tuple(range(101))]))
        assert platform.rows("SELECT c99 FROM wide") == [(100,)]
        platform.run("UPDATE wide SET c99 = 0;")
        assert target.undo("r1").kept == 1
        platform.run("UPDATE wide SET c99 = 100;")
        assert target.undo("r1").reversed == 1
        assert platform.dump() == before

    # ── closing ─────────────────────────────────────────────────────────────────────────────────────────────
    def test_a_closed_load_stands_without_its_journal_and_is_not_taken_back(
        self, platform: Platform, target: Target
    ) -> None:
        merged(target, *STORY, run="r1")
        merged(target, teams(create=[(20, "later", 1, None)]), run="r2")
        theirs = [table.name for table in target.describe().tables]
        loaded = itemgetter(*theirs)(platform.dump())
        closed = target.close("r1")
        assert (closed.journals, closed.entries) == (5, 12)
        assert itemgetter(*theirs)(platform.dump()) == loaded
        first, second = target.markers()
        assert first.closed_at and not second.closed_at
        assert first.digest_touched.rows == 3 and first.tables[0].table.columns
        with pytest.raises(Misuse, match="accepted for good"):
            target.undo("r1")
        assert itemgetter(*theirs)(platform.dump()) == loaded
        assert (target.close("r1").journals, target.markers()[0]) == (0, first)
        assert target.undo("r2").reversed == 1

    def test_what_a_rollback_had_to_keep_can_be_accepted(self, platform: Platform, target: Target) -> None:
        merged(target, *STORY)
        platform.run("UPDATE badges SET weight = 9 WHERE code = 'new';")
        assert target.undo("r1").kept == 1
        target.close("r1")
        with pytest.raises(Misuse, match="accepted for good"):
            target.undo("r1")
        platform.run("DELETE FROM badges WHERE code = 'new';")

    def test_a_closing_that_was_killed_is_done_once_more(
        self, platform: Platform, target: Target, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        merged(target, *STORY)
        mark = relational_closing._mark
        with monkeypatch.context() as patch:
            patch.setattr(relational_closing, "_mark", lambda *told: die(mark(*told)))
            killed(lambda: target.close("r1"))
        assert target.close("r1").journals == 5
        assert target.close("r1").journals == 0

    def test_a_closing_says_again_what_went(self, target: Target) -> None:
        merged(target, *STORY)
        first = target.close("r1", by="c1")
        assert (first.journals, first.entries) == (5, 12)
        assert target.close("r1", by="c1") == first
        assert target.close("r1", by="c2").journals == 0

    def test_only_a_load_that_is_there_is_closed(self, target: Target) -> None:
        merged(target, words((1, "a")), run="r1")
        with pytest.raises(Misuse, match="no such load"):
            target.close("r2")
        assert target.undo("r1").reversed == 1

    # ── undo ────────────────────────────────────────────────────────────────────────────────────────────────
    @pytest.mark.parametrize("whole", [False, True])
    def test_undo_takes_everything_back(self, platform: Platform, target: Target, whole: bool) -> None:
        before = platform.dump()
        merged(target, *STORY)
        undone = target.undo("r1", whole=whole)
        assert (undone.reversed, undone.kept, undone.failed, undone.notes) == (12, 0, 0, ())
        assert undone.digest_after == undone.digest_before_load
        assert undone.digest_after.rows == (10 if whole else 3)
        assert platform.dump() == before
        platform.run("INSERT INTO badges (code) VALUES ('by hand');")

    def test_taken_back_and_loaded_again_it_is_the_same_load(self, platform: Platform, target: Target) -> None:
        loaded = "SELECT * FROM members ORDER BY id", "SELECT code, weight FROM badges ORDER BY code"
        before = platform.dump()
        merged(target, *STORY, commit=False)
        assert platform.dump() == before
        merged(target, *STORY)
        standing = [platform.rows(query) for query in loaded]
        target.undo("r1")
        assert platform.dump() == before
        merged(target, *STORY)
        assert [platform.rows(query) for query in loaded] == standing
        assert [marker.run for marker in target.markers()] == ["r1"]

    def test_an_unknown_run_is_misuse(self, target: Target) -> None:
        merged(target, words((1, "a")), run="r1")
        with pytest.raises(Misuse, match="no such load") as refused:
            target.undo("r2")
        assert "r1" in refused.value.next

    def test_loads_are_taken_back_one_by_one(self, platform: Platform, target: Target) -> None:
        before = platform.dump()
        merged(target, teams(create=[(10, "ours", 1, None)]), run="r1")
        between = platform.dump()["teams"]
        merged(target, members(create=[(11, 10, None, None, None)]), run="r2")
        undone = target.undo("r1")
        assert (undone.reversed, undone.kept) == (0, 1)
        assert "members" in whys(undone)["teams 10"]
        target.undo("r2")
        assert platform.dump()["teams"] == between
        target.undo("r1")
        assert platform.dump() == before

    def test_edited_rows_and_what_they_hang_on_stay(self, platform: Platform, target: Target) -> None:
        merged(target, *STORY)
        platform.run("UPDATE members SET note = 'edited' WHERE id = 12;")
        undone = target.undo("r1")
        assert whys(undone) == {
            "members 12": "kept: edited since the load",
            "members 11": "kept: a row of members that stays points at it",
            "teams 10": "kept: a row of members that stays points at it",
        }
        assert (undone.reversed, undone.kept, undone.failed) == (9, 3, 0)
        assert platform.rows("SELECT note FROM members WHERE id = 12") == [("edited",)]
        platform.run("UPDATE members SET note = '' WHERE id = 12;")
        again = target.undo("r1")
        assert (again.reversed, again.kept) == (3, 0)
        assert again.digest_after == again.digest_before_load
        assert target.markers() == ()

    def test_what_people_edit_after_it_came_back_is_theirs(self, platform: Platform, target: Target) -> None:
        merged(target, *STORY)
        platform.run("UPDATE members SET note = 'edited' WHERE id = 12;")
        assert target.undo("r1").kept == 3
        platform.run("UPDATE members SET note = 'their own' WHERE id = 3; DELETE FROM badges;")
        platform.run("UPDATE members SET note = '' WHERE id = 12;")
        again = target.undo("r1")
        assert (again.reversed, again.kept, again.failed) == (3, 0, 0)
        assert again.digest_after == again.digest_before_load
        assert platform.rows("SELECT note FROM members WHERE id = 3") == [("their own",)]
        assert platform.rows("SELECT count(*) FROM badges") == [(0,)]

    @pytest.mark.parametrize("table", ["alerts", "pins"])
    def test_other_peoples_rows_keep_what_they_point_at(self, platform: Platform, target: Target, table: str) -> None:
        before = platform.dump()
        merged(target, *STORY)
        platform.run(f"INSERT INTO {table} (member_id) VALUES (12);")
        undone = target.undo("r1")
        assert f"{table} that stays" in whys(undone)["members 12"]
        assert platform.rows(f"SELECT member_id FROM {table}") == [(12,)]
        platform.run(f"DELETE FROM {table};")
        target.undo("r1")
        assert platform.dump() == before

    def test_an_overwritten_row_survives_the_created_row_it_hung_on(self, platform: Platform, target: Target) -> None:
        """ON DELETE CASCADE must not take along what was there before the load."""
        merged(
            target,
            teams(create=[(10, "ours", 1, None)]),
            members(overwrite=[(3, 10, None, "c@x", " ")]),
        )
        target.undo("r1")
        assert platform.rows("SELECT * FROM members WHERE id = 3") == [(3, 2, None, "c@x", " ")]

    def test_rows_deleted_since_are_gone_or_listed(self, platform: Platform, target: Target) -> None:
        merged(target, *STORY)
        platform.run("UPDATE teams SET lead_id = NULL; DELETE FROM members WHERE id IN (3, 12);")
        undone = target.undo("r1")
        assert whys(undone)["members 3"] == "kept: deleted since the load"
        assert "members 12" not in whys(undone)
        assert platform.rows("SELECT id FROM members ORDER BY id")[:2] == [(1,), (2,)]

    def test_an_edited_overwritten_row_is_not_overwritten_again(self, platform: Platform, target: Target) -> None:
        merged(target, members(overwrite=[(3, 1, None, "z@x", "changed")]))
        platform.run("UPDATE members SET note = 'edited' WHERE id = 3;")
        assert whys(target.undo("r1")) == {"members 3": "kept: edited since the load"}
        assert platform.rows("SELECT note FROM members WHERE id = 3") == [("edited",)]

    def test_a_before_image_that_no_longer_fits_fails_until_it_does(self, platform: Platform, target: Target) -> None:
        before = platform.dump()
        merged(target, members(overwrite=[(2, 1, None, "y@x", None), (3, 1, None, "z@x", " ")]))
        platform.run("INSERT INTO members VALUES (4, 1, NULL, 'c@x', NULL);")
        platform.run("UPDATE words SET team_id = 1 WHERE team_id = 2; DELETE FROM teams WHERE id = 2;")
        undone = target.undo("r1")
        assert (undone.reversed, undone.failed) == (0, 2)
        assert whys(undone)["members 2"] == "failed: its former teams is gone"
        platform.run("INSERT INTO teams VALUES (2, 'others', 6, NULL);")
        platform.run("UPDATE words SET team_id = 2 WHERE team_id = 1 AND word = 'their own';")
        undone = target.undo("r1")
        assert whys(undone) == {"members 3": "failed: another row has its former email now"}
        platform.run("DELETE FROM members WHERE id = 4;")
        undone = target.undo("r1")
        assert (undone.reversed, undone.kept, undone.failed) == (1, 0, 0)
        assert undone.digest_after == undone.digest_before_load
        assert platform.dump() == before

    def test_unique_values_that_went_round_go_back(self, platform: Platform, target: Target) -> None:
        before = platform.dump()
        merged(target, members(overwrite=[(1, 1, None, "q@x", "")]), run="r1")
        story = members(overwrite=[(2, 2, 1, "a@x", None), (3, 2, None, "b@x", " ")], create=[(4, 1, None, "c@x", "")])
        merged(target, story, run="r2")
        assert target.undo("r2").reversed == 3
        assert target.undo("r1").reversed == 1
        assert platform.dump() == before

    def test_a_row_that_fails_makes_fail_what_needs_its_value(self, platform: Platform, target: Target) -> None:
        merged(target, members(overwrite=[(2, 1, None, "q@x", None)]), run="r1")
        merged(target, members(overwrite=[(2, 1, None, "b2@x", None), (3, 2, None, "q@x", " ")]), run="r2")
        platform.run("UPDATE members SET note = 'edited' WHERE id = 3;")
        undone = target.undo("r2")
        assert whys(undone) == {
            "members 3": "kept: edited since the load",
            "members 2": "failed: another row has its former email now",
        }

    # ── kill -9 ─────────────────────────────────────────────────────────────────────────────────────────────
    def test_killed_before_the_commit_nothing_happened(self, platform: Platform, target: Target) -> None:
        before = platform.dump()
        killed(lambda: merged(target, *STORY, inside=die))
        swept(target)
        assert platform.dump() == before
        merged(target, *STORY)
        assert target.undo("r1").reversed == 12
        assert platform.dump() == before

    def test_a_rollback_that_is_asked_again_says_what_it_did(self, platform: Platform, target: Target) -> None:
        before = platform.dump()
        merged(target, *STORY)
        platform.run("UPDATE members SET note = 'edited' WHERE id = 12;")
        some = target.undo("r1", by="b1")
        assert some.kept and target.undo("r1", by="b1") == some
        assert [(marker.run, marker.taken_back_by) for marker in target.markers()] == [("r1", "b1")]
        target.settle("b1")
        platform.run("UPDATE members SET note = '' WHERE id = 12;")

        def take_back_and_die() -> None:
            target.undo("r1", by="b2")
            die()

        killed(take_back_and_die)
        rest = target.undo("r1", by="b2")
        assert (rest.reversed, rest.kept + rest.failed, target.markers()) == (some.kept + some.failed, 0, ())
        assert rest.digest_after == rest.digest_before_load
        for _ in range(2):
            target.settle("b2")
        assert platform.dump() == before
        with pytest.raises(Misuse, match="no such load"):
            target.undo("r1", by="b2")

    def test_killed_after_the_commit_the_load_stands_once(self, platform: Platform, target: Target) -> None:
        before = platform.dump()

        def load_and_die() -> None:
            merged(target, *STORY)
            die()

        killed(load_and_die)
        assert [marker.run for marker in platform.target().markers()] == ["r1"]
        with pytest.raises(Misuse, match="already"):
            merged(target, *STORY)
        target.undo("r1")
        assert platform.dump() == before
