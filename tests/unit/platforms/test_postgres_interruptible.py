"""A signal that comes while ADBC works in the main thread is heard, and ends what it works on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import adbc_driver_manager
import psycopg
import pyarrow as pa
import pytest

from migrator.platforms.postgres.connect import LOADING, connect_arrow, place, translated
from migrator.platforms.postgres.interruptible import batches_of
from migrator.runs.interrupts import Interrupts, watched
from tests.support_postgres_target import waits_for_a_lock

SIGNALS = pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=lambda by: by.name)


@pytest.fixture
def locked_url(postgres_url: str) -> Iterator[str]:
    """A database whose table t nobody can read or write."""
    with psycopg.connect(postgres_url) as other:
        other.execute("CREATE TABLE t (a int)")
        other.commit()
        other.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        yield postgres_url
        other.rollback()


@contextmanager
def _struck(url: str, by: signal.Signals) -> Iterator[Interrupts]:
    """Within, the process gets the signal as soon as a session waits for a lock; it is heard."""

    def strike() -> None:
        waits_for_a_lock(url)
        os.kill(os.getpid(), by)

    striker = threading.Thread(target=strike)
    with watched() as interrupts:
        striker.start()
        with pytest.raises(KeyboardInterrupt):
            yield interrupts
        assert interrupts.seen
    striker.join()


def _query(cursor: adbc_driver_manager.dbapi.Cursor) -> None:
    cursor.execute("SELECT * FROM t")


def _ingest(cursor: adbc_driver_manager.dbapi.Cursor) -> None:
    cursor.adbc_ingest("t", pa.table({"a": pa.array([1], pa.int32())}), mode="append")


@SIGNALS
@pytest.mark.parametrize("work", [_query, _ingest], ids=["query", "ingest"])
def test_a_statement_that_waits(
    locked_url: str, by: signal.Signals, work: Callable[[adbc_driver_manager.dbapi.Cursor], None]
) -> None:
    """A Ctrl-C was told as a statement that took too long, and the run as failed."""
    with closing(connect_arrow(locked_url, LOADING)) as arrow, closing(arrow.cursor()) as cursor:
        with _struck(locked_url, by), translated(place(locked_url)):
            work(cursor)
        cursor.execute("SELECT 1")  # nothing that comes after it is cancelled
        assert cursor.fetchall() == [(1,)]


@SIGNALS
def test_a_result_that_stops_half_way(locked_url: str, by: signal.Signals) -> None:
    with psycopg.connect(locked_url, autocommit=True) as other:
        other.execute(
            "CREATE FUNCTION held(i int) RETURNS int LANGUAGE plpgsql AS"
            " 'BEGIN IF i = 9999 THEN PERFORM 1 FROM t; END IF; RETURN i; END'"
        )
    with closing(connect_arrow(locked_url, LOADING)) as arrow, closing(arrow.cursor()) as cursor:
        cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": "1000"})
        cursor.execute("SELECT held(i) FROM generate_series(1, 10000) AS i")
        batches = batches_of(cursor, cursor.fetch_record_batch())
        assert next(batches).num_rows
        with _struck(locked_url, by), translated(place(locked_url)):
            list(batches)


def test_nothing_of_it_stays_when_the_statement_has_ended(postgres_url: str) -> None:
    with closing(connect_arrow(postgres_url, LOADING)) as arrow, closing(arrow.cursor()) as cursor:
        cursor.execute("SELECT 1")
    assert signal.set_wakeup_fd(-1) == -1


def test_in_another_thread_a_statement_is_its_own_business(postgres_url: str) -> None:
    found: list[tuple[int, ...]] = []

    def ask() -> None:
        with closing(connect_arrow(postgres_url, LOADING)) as arrow, closing(arrow.cursor()) as cursor:
            cursor.execute("SELECT 1")
            found.extend(cursor.fetchall())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == [(1,)]
