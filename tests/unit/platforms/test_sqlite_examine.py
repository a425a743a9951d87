"""A SQLite file is examined by what it says of itself: nothing is read, and nothing of it or beside it changes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from migrator.contracts import Examination, Finding
from migrator.platforms.sqlite.source import SqliteSource
from migrator.platforms.sqlite.target import SqliteTarget
from tests.conformance.platforms import SqlitePlatform

HUNDRED = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"


@pytest.fixture(params=["wal", "delete"])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> SqlitePlatform:
    platform = SqlitePlatform(tmp_path / "app.db", journal_mode=request.param)
    platform.run(
        "CREATE TABLE small (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE large (id INTEGER PRIMARY KEY, a, b, c);"
        f"{HUNDRED} INSERT INTO large SELECT i, 'some text', 'more', 'yet more' FROM n;"
        "INSERT INTO small VALUES (1, 'x'), (2, 'y');"
    )
    return platform


def finding(examination: Examination, what: str) -> Finding:
    [found] = [finding for finding in examination.findings if finding.what == what]
    return found


def rows(examination: Examination) -> dict[str, int]:
    return {size.table: size.rows for size in examination.sizes}


def test_looking_changes_nothing(platform: SqlitePlatform) -> None:
    folder = platform.path.parent
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    SqliteSource(platform.url).examine()
    SqliteTarget(platform.url).examine(["small"])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_pages_in_use_are_shared_out_among_the_tables(platform: SqlitePlatform) -> None:
    examination = SqliteSource(platform.url).examine()
    assert rows(examination) == {"large": 100, "small": 2}
    large, small = examination.sizes
    assert large.bytes > 10 * small.bytes > 0
    assert large.bytes + small.bytes <= platform.path.stat().st_size
    platform.run("DROP TABLE large")
    assert rows(SqliteSource(platform.url).examine()) == {"small": 2}


def test_analyze_knows_better_than_the_highest_rowid(platform: SqlitePlatform) -> None:
    platform.run("DELETE FROM large WHERE id <> 100; CREATE INDEX by_a ON large (a); ANALYZE;")
    assert rows(SqliteSource(platform.url).examine())["large"] == 1


def test_ids_with_gaps_do_not_make_more_rows_than_the_file_can_hold(platform: SqlitePlatform) -> None:
    platform.run(f"INSERT INTO small VALUES ({2**62}, 'snowflake')")
    assert rows(SqliteSource(platform.url).examine())["small"] <= platform.path.stat().st_size


def test_tables_without_rowids_and_virtual_ones_do_not_stop_it(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE keyed (a TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO keyed VALUES ('x');"
        "CREATE VIRTUAL TABLE found USING fts5 (body); INSERT INTO found VALUES ('text');"
    )
    assert rows(SqliteSource(platform.url).examine())["large"] == 100


def test_only_a_file_outside_wal_is_copied(platform: SqlitePlatform) -> None:
    journal = finding(SqliteSource(platform.url).examine(), "journal mode")
    is_wal = platform.rows("PRAGMA journal_mode") == [("wal",)]
    assert journal.verdict == ("ok" if is_wal else "warning")


def test_a_copy_without_room_is_red(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = SqlitePlatform(tmp_path / "app.db", journal_mode="delete")
    full = type("Usage", (), {"free": 100})()  # a disk without room for a copy of two pages
    monkeypatch.setattr("migrator.platforms.sqlite.examine.shutil.disk_usage", lambda _folder: full)
    journal = finding(SqliteSource(platform.url).examine(), "journal mode")
    assert journal.verdict == "red" and "TMPDIR" in journal.next


def test_a_writer_at_work_is_seen(platform: SqlitePlatform) -> None:
    with closing(sqlite3.connect(platform.path, isolation_level=None)) as writer:
        assert finding(SqliteTarget(platform.url).examine([]), "lock").verdict == "ok"
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE small SET name = 'z'")
        examination = SqliteTarget(platform.url).examine([])
    assert finding(examination, "lock").verdict == "warning"
