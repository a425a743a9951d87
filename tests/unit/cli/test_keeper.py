"""The process that holds a point in time: for as long as somebody needs it, and knowing no more than it must."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from migrator.cli.keeper import hold_while_needed
from migrator.contracts import Fence, Whole
from migrator.platforms.postgres.source import PostgresSource
from migrator.service.keeper import KeeperProcess
from storage.errors import Fault, FenceLost
from tests.conformance.sources import selected
from tests.waiting import comes

PATIENCE_S = 60


@pytest.fixture
def source(postgres_url: str) -> PostgresSource:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)")
    return PostgresSource(postgres_url)


def kept(source: PostgresSource, url: str, minutes: int = 5) -> KeeperProcess:
    with source.fence() as reading:
        return KeeperProcess.start(url, minutes, reading.fence)


def is_lost(source: PostgresSource, fence: Fence) -> bool:
    try:
        with source.join(fence):
            return False
    except FenceLost:
        return True


def test_it_holds_an_instant_beyond_who_took_it_until_it_is_released(source: PostgresSource, postgres_url: str) -> None:
    keeper = kept(source, postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("INSERT INTO a VALUES (2)")
    with source.join(keeper.fence) as joined:
        assert selected(joined, "a", Whole()) == [(1,)]
    source.release(keeper.fence)
    assert keeper.is_gone(PATIENCE_S)
    keeper.close()
    assert is_lost(source, keeper.fence)


def test_it_shows_no_address_and_belongs_to_nobody(source: PostgresSource, postgres_url: str) -> None:
    keeper = kept(source, postgres_url)
    process = Path(f"/proc/{keeper.process}")
    line = process.joinpath("cmdline").read_bytes().decode()
    status = process.joinpath("stat").read_text().rpartition(") ")[2].split()
    parent, session = int(status[1]), int(status[3])
    environment = process.joinpath("environ").read_bytes().decode()
    source.release(keeper.fence)
    assert keeper.is_gone(PATIENCE_S)
    keeper.close()
    assert "postgresql:" not in line
    assert postgres_url not in environment
    assert urlsplit(postgres_url).password is None or str(urlsplit(postgres_url).password) not in line.split("\0")
    assert parent != os.getpid(), "it outlives whoever started it"
    assert session != os.getsid(0), "a terminal's Ctrl-C does not reach it"


def test_its_death_is_noticed_and_frees_the_source(source: PostgresSource, postgres_url: str) -> None:
    keeper = kept(source, postgres_url)
    assert not keeper.is_gone(0)
    os.kill(keeper.process, signal.SIGKILL)
    assert keeper.is_gone(PATIENCE_S)
    keeper.close()
    comes(lambda: is_lost(source, keeper.fence))


def test_it_ends_by_itself_when_nobody_reads_there(source: PostgresSource, postgres_url: str) -> None:
    keeper = kept(source, postgres_url, minutes=0)
    assert keeper.is_gone(PATIENCE_S)
    keeper.close()
    comes(lambda: is_lost(source, keeper.fence))


def test_where_it_cannot_hold_there_is_none(source: PostgresSource, postgres_url: str) -> None:
    with source.fence() as reading:
        gone = reading.fence
    with pytest.raises(Fault, match="no process"):
        KeeperProcess.start(postgres_url, 5, gone)


def test_it_stays_while_somebody_reads_and_some_time_beyond() -> None:
    now, readers = [0.0], {5.0, 9.0, 28.0, 60.0}

    def sleep(seconds: float) -> None:
        now[0] += seconds

    hold_while_needed(lambda: now[0] in readers, 20, clock=lambda: now[0], sleep=sleep)
    assert now[0] == 48.0, "20 seconds after the last who came in time"
