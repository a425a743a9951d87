"""A snapshot of PostgreSQL that was killed for good goes on in the instant its keeper holds, or in another, whole."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from migrator.contracts import Fence
from migrator.engine.snapshot import Snapshot
from migrator.outcomes import EVERY_STEP
from migrator.platforms.postgres.source import PostgresSource
from storage.archive import Archive, list_archives
from storage.begun import LIST
from storage.check import check_archive
from storage.local import LocalStore
from tests.support_stopped_snapshot import attempt
from tests.unit.engine.support import rows_of
from tests.waiting import comes

DDL = """
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE first (id int PRIMARY KEY, firm_id int REFERENCES firms, amount numeric, at timestamptz, note text);
CREATE TABLE second (id int PRIMARY KEY, firm_id int REFERENCES firms, note text);
INSERT INTO firms VALUES (1, 'ours'), (2, 'theirs');
INSERT INTO first SELECT n, 1 + n % 2, n * 1.10, timestamptz 'epoch' + n * interval '1 day', 'é' || n
FROM generate_series(1, 4000) n;
INSERT INTO second SELECT id, firm_id, note FROM first;
"""
LATER = "INSERT INTO first VALUES (5000, 1, 0, now(), ''); INSERT INTO second VALUES (5000, 1, '')"


class Second:
    """The steps of a run that was resumed."""

    attempt = 2
    once = staticmethod(EVERY_STEP.once)


@pytest.fixture
def killed(postgres_url: str, tmp_path: Path) -> str:
    """The address of a source whose snapshot was killed between two tables, and that has changed since."""
    run(postgres_url, DDL)
    command = [sys.executable, "-m", "tests.support_stopped_snapshot", postgres_url, str(tmp_path), "second"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout and process.stdout.readline() == b"stopped\n"
        process.send_signal(signal.SIGKILL)
    run(postgres_url, LATER)
    return postgres_url


def run(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def sessions(url: str) -> int:
    """How many beside this one hold anything of the database."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row
    return int(row[0])


def ids(store: LocalStore, taken: Snapshot) -> list[set[int]]:
    assert check_archive(store, taken.sealed.archive_id).problems == ()
    archive = Archive.open(store, taken.sealed.archive_id)
    return [{row[0] for row in rows_of(archive, table)} for table in ("first", "second")]


def test_it_goes_on_where_it_was_killed_and_nobody_holds_the_source_afterwards(killed: str, tmp_path: Path) -> None:
    store, then = LocalStore(tmp_path), set(range(2, 4001, 2))
    (begun,) = [name.removesuffix(LIST) for name in store.folders() if name.endswith(LIST)]
    taken = attempt(killed, tmp_path, Second())
    assert ids(store, taken) == [then, then]
    assert taken.sealed.archive_id == begun
    assert taken.notes == ()
    assert [archive.archive_id for archive in list_archives(store)] == [begun]
    comes(lambda: sessions(killed) == 0)


def test_without_its_keeper_it_reads_another_instant_whole(killed: str, tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    (entry,) = tmp_path.glob(f"*{LIST}/begun.json")
    begun = json.loads(entry.read_text())
    fence = {**begun["identity"]["fence"], "readers": 1, "handle": begun["handle"]}
    PostgresSource(killed).release(Fence(**fence))
    comes(lambda: sessions(killed) == 0)
    now = {*range(2, 4001, 2), 5000}
    taken = attempt(killed, tmp_path, Second())
    assert ids(store, taken) == [now, now]
    assert taken.notes == ("read anew: nobody holds the point in time any more that was read before",)
    assert sorted(store.folders()) == [taken.sealed.archive_id, f"{taken.sealed.archive_id}{LIST}"]


def test_what_it_archives_is_what_nobody_would_have_disturbed(killed: str, tmp_path: Path) -> None:
    taken = attempt(killed, tmp_path, Second())
    run(killed, "DELETE FROM first WHERE id = 5000; DELETE FROM second WHERE id = 5000")
    again = attempt(killed, tmp_path / "other")
    assert [part.digest for part in taken.sealed.tables] == [part.digest for part in again.sealed.tables]
    assert taken.proof == again.proof
