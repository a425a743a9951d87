"""SQLite as a target: its own kinds of tables, its staging file, and an undo that takes what is the load's alone."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.contracts import FIRE, Triggers
from migrator.platforms.relational import undo
from migrator.platforms.sqlite.staging import SqliteStaging
from migrator.platforms.sqlite.target import SqliteTarget
from storage.errors import Fault, MigratorError, Red, TransientFault
from storage.schema import Kind, Type
from storage.types import Variant
from tests.conformance.platforms import SqlitePlatform
from tests.conformance.targets import DDL, STORY, Rows, die, killed, members, merged, refusal, words
from tests.support_privileges import without_privileges


@pytest.fixture
def platform(tmp_path: Path) -> SqlitePlatform:
    return SqlitePlatform(tmp_path / "target.db")


def goes_and_comes_back(platform: SqlitePlatform, *story: Rows) -> dict[str, list[str]]:
    """Load and take back: everything is as before; returns how it was in between."""
    before, target = platform.dump(), platform.target()
    merged(target, *story)
    between = platform.dump()
    undone = target.undo("r1")
    assert (undone.kept, undone.failed, undone.digest_after) == (0, 0, undone.digest_before_load)
    assert platform.dump() == before
    return between


# ── kinds of tables ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("ddl", "columns", "key", "old", "new"),
    [
        ("k TEXT PRIMARY KEY, v) WITHOUT ROWID", ("k", "v"), ("k",), ("a", "t:1"), ("b", "i:1")),
        (
            "k BLOB NOT NULL, n REAL NOT NULL, v, PRIMARY KEY (k, n)) WITHOUT ROWID",
            ("k", "n", "v"),
            ("k", "n"),
            (b"\x00a", 0.1, None),
            (b"\x00b", 0.1, "r:2.5"),
        ),
        ("rowid TEXT PRIMARY KEY, oid INTEGER, v)", ("rowid", "oid", "v"), ("rowid",), ("a", 1, None), ("b", 1, "t:")),
        ("k TEXT NOT NULL UNIQUE, v)", ("k", "v"), ("k",), ("a", "b:AAE="), ("b", "t:\0")),
        ("k ANY PRIMARY KEY, v ANY) STRICT", ("k", "v"), ("k",), ("t:007", "t:1.0"), ("i:7", "t:1")),
    ],
    ids=["without rowid", "without rowid, composite", "rowid hidden", "no primary key", "strict"],
)
def test_every_kind_of_table(platform: SqlitePlatform, ddl: str, columns, key, old, new) -> None:  # type: ignore[no-untyped-def]
    platform.run(f"CREATE TABLE t ({ddl};")
    merged(platform.target(), Rows("t", columns, key, create=[old]), run="r0")
    changed = (*old[:-1], "t:changed")
    between = goes_and_comes_back(platform, Rows("t", columns, key, create=[new], overwrite=[changed]))
    assert len(between["t"]) == 2 and "changed" in str(between["t"])


def test_broken_text_and_every_storage_class_arrive_as_they_were(platform: SqlitePlatform) -> None:
    platform.run("CREATE TABLE t (k INTEGER PRIMARY KEY, v);")
    cells = [Variant.encode_text(b"\xff\xfe"), "x:YQBi", "t:007", "i:7", "r:7.0", "r:INF", "b:AAE=", None, "t:"]
    between = goes_and_comes_back(platform, Rows("t", ("k", "v"), ("k",), create=list(enumerate(cells))))
    values = [b"\xff\xfe", b"a\0b", b"007", 7, 7.0, float("inf"), b"\0\1", None, b""]
    assert between["t"] == sorted(map(repr, enumerate(values)))


def test_a_target_in_utf_16(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "target.db")) as connection:
        connection.execute("PRAGMA encoding = 'UTF-16le'")
        connection.execute("CREATE TABLE t (k TEXT PRIMARY KEY)")
    platform = SqlitePlatform(tmp_path / "target.db")
    goes_and_comes_back(platform, Rows("t", ("k",), ("k",), create=[("é😀",)]))


def test_a_change_only_the_collation_overlooks_is_noticed(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT COLLATE NOCASE);"
        "CREATE TRIGGER shout AFTER INSERT ON t BEGIN UPDATE t SET v = upper(v); END;"
    )
    rows, notes = Rows("t", ("k", "v"), ("k",), create=[(1, "a")]), []
    target = platform.target()
    merged(target, rows, commit=False, inside=lambda merge: notes.extend(merge.compare(rows.staged(target))))
    assert [note.key for note in notes] == [{"k": "1"}]


def test_orphans_that_were_there_before_are_not_the_loads(platform: SqlitePlatform) -> None:
    platform.run(DDL)
    platform.run("PRAGMA foreign_keys = OFF; INSERT INTO members VALUES (50, 404, NULL, 'lost@x', NULL);")
    goes_and_comes_back(platform, *STORY)


# ── staging ─────────────────────────────────────────────────────────────────────────────────────────────────
def stage_files(platform: SqlitePlatform) -> list[str]:
    return sorted(path.name for path in platform.path.parent.iterdir() if "stage" in path.name)


def test_what_a_dead_run_staged_is_swept(platform: SqlitePlatform) -> None:
    platform.run(DDL)
    killed(lambda: merged(platform.target(), *STORY, run="dead", inside=die))
    assert stage_files(platform) == ["target.db.migrator-dead.stage"]
    merged(platform.target(), words((1, "a")))
    assert stage_files(platform) == []


def test_what_a_load_staged_that_was_killed_after_its_commit_goes_with_the_rollback(
    platform: SqlitePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.run(DDL)

    def load_and_die() -> None:
        monkeypatch.setattr(SqliteStaging, "close", die)
        merged(platform.target(), *STORY)

    killed(load_and_die)
    assert stage_files(platform) == ["target.db.migrator-r1.stage"]
    platform.target().undo("r1")
    assert stage_files(platform) == []


@pytest.mark.parametrize("tidy", [lambda target: target.sweep(["dead"]), lambda target: target.settle("dead")])
def test_what_a_dead_run_claimed_is_swept_and_what_a_living_one_claims_is_not(
    platform: SqlitePlatform, tidy: Callable[[SqliteTarget], object]
) -> None:
    platform.run(DDL)
    target, claim = platform.target(), platform.path.with_name("target.db.migrator-claim")

    def take_and_die() -> None:
        with target.claims("dead") as dead:
            dead.take(target.describe().tables)
            die()

    killed(take_and_die)
    assert claim.read_text() == "dead"
    tidy(target)
    assert not claim.exists()
    with target.claims("living") as living:
        assert living.take(target.describe().tables) == ""
        tidy(target)
        living.require()
        claim.unlink()
        with pytest.raises(Fault, match="somebody removed the file"):
            living.require()


def test_what_another_user_staged_is_in_nobody_s_way() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        platform = SqlitePlatform(Path(name) / "target.db")
        platform.run(DDL)
        theirs = platform.path.with_name("target.db.migrator-theirs.stage")
        theirs.touch(0o000)
        for path in (platform.path, platform.path.parent):
            path.chmod(0o777)
        with without_privileges():
            merged(platform.target(), words((1, "a")))
            platform.target().undo("r1")
        assert stage_files(platform) == [theirs.name]


def test_nobody_else_reads_what_is_staged(platform: SqlitePlatform) -> None:
    with platform.target().staging("r1"):
        (path,) = platform.path.parent.glob("*.stage")
        assert path.stat().st_mode & 0o777 == 0o600


def test_tables_named_almost_like_ours_are_somebodys_data(platform: SqlitePlatform) -> None:
    platform.run("CREATE TABLE migrator_settings (id INTEGER PRIMARY KEY); CREATE TABLE migrator (id INTEGER);")
    assert platform.target().describe().table_names == ("migrator", "migrator_settings")


def test_a_statement_that_takes_too_long_is_stopped(platform: SqlitePlatform) -> None:
    platform.run(DDL)
    platform.insert("words", ((1, f"{number}") for number in range(100_000)))
    target = platform.target()
    with target.staging("r1"), pytest.raises(Red, match="more than 0 s"):  # noqa: SIM117 - read one by one
        with target.merging("r1", max_seconds=0) as merge:
            merge.digest([words().staged(target)], whole=True)
            pytest.fail("it went on")


def test_taking_back_reads_children_without_an_index_once(platform: SqlitePlatform) -> None:
    platform.run(DDL)
    platform.insert("pins", ((number, None) for number in range(60_000)))
    many = members(create=[(number, 1, None, f"{number}@x", None) for number in range(1_000, 11_000)])
    merged(platform.target(), many)
    started = time.monotonic()
    assert platform.target().undo("r1").reversed == 10_000
    assert time.monotonic() - started < 10  # a minute and more, were they read once a row


def test_what_another_process_stages_is_left(platform: SqlitePlatform) -> None:
    platform.run(DDL)
    ready, release = os.pipe(), os.pipe()
    other = os.fork()
    if not other:
        with platform.target().staging("theirs"):
            os.write(ready[1], b"1")
            os.read(release[0], 1)
        os._exit(0)
    try:
        os.read(ready[0], 1)
        merged(platform.target(), words((1, "a")), run="ours")
        assert stage_files(platform) == ["target.db.migrator-theirs.stage"]
        with pytest.raises(TransientFault, match="another process"):
            merged(platform.target(), words((1, "a")), run="theirs")
    finally:
        os.write(release[1], b"1")
        assert os.waitpid(other, 0)[1] == 0
    assert stage_files(platform) == []


def test_a_value_without_a_place_is_red_with_the_column(platform: SqlitePlatform) -> None:
    platform.run("CREATE TABLE t (k INTEGER PRIMARY KEY, day TEXT);")
    rows, target = Rows("t", ("k", "day"), ("k",), create=[(1, None)]), platform.target()
    staged = rows.staged(target)
    date = replace(staged.table.column("day"), type=Type(kind=Kind.DATE))
    staged = replace(staged, table=replace(staged.table, columns=(staged.table.columns[0], date)))
    with target.staging("r1") as staging, pytest.raises(Red, match="date") as red:
        staging.stage(staged, [rows.batch(target)])
    assert red.value.where == "t.day"


# ── undo ────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("step", ["_delete", "_restore", "_conclude"])
def test_killed_while_taking_back_changes_nothing(
    platform: SqlitePlatform, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    platform.run(DDL)
    before, target = platform.dump(), platform.target()
    merged(target, *STORY)
    loaded = platform.dump()
    with monkeypatch.context() as patched:
        patched.setattr(undo._Undo, step, die)
        killed(lambda: target.undo("r1"))
    assert platform.dump() == loaded
    assert target.undo("r1").reversed == 12
    assert platform.dump() == before


def test_a_reader_does_not_stop_a_load_and_a_writer_makes_it_wait(platform: SqlitePlatform) -> None:
    platform.run(DDL)
    with closing(platform.connect()) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM teams").fetchone()
        started = time.monotonic()
        merged(platform.target(), words((1, "a")))
        assert time.monotonic() - started < 5


_EDITS = (
    "UPDATE members SET note = 'e' || {n} WHERE id = {id}",
    "UPDATE members SET email = 'c@x' WHERE id = {id}",
    "UPDATE members SET team_id = 1 + {n} % 2 WHERE id = {id}",
    "UPDATE members SET mentor_id = {n} WHERE id = {id}",
    "DELETE FROM members WHERE id = {id}",
    "DELETE FROM teams WHERE id = {n}",
    "UPDATE teams SET lead_id = {id} WHERE id = {n}",
    "INSERT INTO members VALUES (100 + {n}, 10, {id}, NULL, 'new')",
    "INSERT INTO alerts (member_id) VALUES ({id})",
    "INSERT INTO pins (member_id) VALUES ({id})",
    "UPDATE words SET word = 'edited' WHERE rowid = {n}",
    "DELETE FROM words WHERE rowid = {n}",
    "UPDATE badges SET weight = {n} WHERE id = {n} % 3",
)
_steps = st.tuples(st.sampled_from(_EDITS), st.sampled_from([1, 2, 3, 11, 12]), st.integers(1, 12))


@given(st.lists(_steps, max_size=6))
@settings(max_examples=60, deadline=None)
def test_after_any_edits_undo_takes_back_what_is_the_loads_and_nothing_else(steps: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        platform = SqlitePlatform(Path(folder) / "target.db", journal_mode="delete")
        platform.run(DDL)
        before = _live(platform)
        merged(platform.target(), *STORY)
        loaded = _live(platform)
        with closing(platform.connect()) as people:
            people.execute("PRAGMA synchronous = OFF")
            for edit, id_, n in steps:
                try:
                    people.execute(edit.format(id=id_, n=n))
                except sqlite3.IntegrityError:
                    continue
        edited = _live(platform)
        undone = platform.target().undo("r1")
        after = _live(platform)
        noted = {
            (note.table, *map(int, note.key.values())) for note in undone.notes if note.table in ("teams", "members")
        }
        for row in set(before) | set(loaded) | set(edited) | set(after):
            _judge(row, before, loaded, edited, after, noted)
        with closing(platform.connect()) as connection:
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert not noted or platform.target().markers()


_Live = dict[tuple[str, int], bytes]


def _live(platform: SqlitePlatform) -> _Live:
    """Every row of the live tables by table and rowid."""
    tables = ("teams", "members", "words", "badges", "seats", "alerts", "pins")
    return {
        (name, row[0]): repr(row[1:]).encode()
        for name in tables
        for row in platform.rows(f"SELECT rowid, * FROM {name}")
    }


def _judge(
    row: tuple[str, int], before: _Live, loaded: _Live, edited: _Live, after: _Live, noted: set[tuple[str, int]]
) -> None:
    was, is_loaded, is_edited, now = (state.get(row) for state in (before, loaded, edited, after))
    if was == is_loaded or is_edited != is_loaded:
        assert now == is_edited, f"{row} is not the load's, or was edited, and yet changed"
    elif now == is_loaded:
        assert row in noted, f"{row} stayed without a note"
    else:
        assert now == was, f"{row} is neither as before nor as loaded"


# ── what is said before the commit ──────────────────────────────────────────────────────────────────────────
def test_every_orphan_is_told_with_its_value(platform: SqlitePlatform) -> None:
    platform.run(DDL)
    platform.run("CREATE TABLE tags (id INTEGER PRIMARY KEY, team_id INTEGER DEFAULT 77 REFERENCES teams (id));")
    story = (
        members(create=[(11, 98, None, None, None)], keep=[(1, 97, None, "", None)]),
        words((1, "fine"), (96, "lost")),
        Rows("tags", ("id",), ("id",), create=[(5,)]),
    )
    target, problems = platform.target(), []
    tables = [rows.staged(target) for rows in story]
    merged(target, *story, commit=False, inside=lambda merge: problems.extend(merge.check(tables)))
    assert len(problems) == 3
    assert "members.team_id" in problems[0] and "98" in problems[0] and "97" not in problems[0]
    assert "words.team_id" in problems[1] and "96" in problems[1]
    assert "tags.team_id" in problems[2] and "77" in problems[2]


def test_an_overwritten_value_that_others_point_at_is_told(platform: SqlitePlatform) -> None:
    platform.run(DDL)
    platform.run("CREATE TABLE mails (id INTEGER PRIMARY KEY, email VARCHAR(20) REFERENCES members (email));")
    platform.insert("mails", [(1, "c@x")])
    problem = refusal(platform.target(), members(overwrite=[(3, 2, None, "z@x", " ")]))
    assert "mails.email" in problem and "c@x" in problem


def test_a_fault_leaves_as_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "target.db"
    SqlitePlatform(path)
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 4000)
    with pytest.raises(MigratorError) as refused:
        SqliteTarget(f"sqlite:///{path}").describe()
    assert refused.value.next


def test_a_trigger_of_one_column_alone_is_found_out(platform: SqlitePlatform) -> None:
    platform.run(DDL)
    platform.run(
        "CREATE TRIGGER noted AFTER UPDATE OF note ON members BEGIN INSERT INTO words VALUES (1, 'noted'); END;"
    )
    before, changed = platform.dump(), members(overwrite=[(3, 2, None, "c@x", "changed")])
    with pytest.raises(Red, match="triggers write words"):
        merged(platform.target(), changed, triggers=Triggers(mode=FIRE))
    assert platform.dump() == before
