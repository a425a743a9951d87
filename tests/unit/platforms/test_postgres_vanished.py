"""Clients and servers that vanish, and when the other one notices."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg
import pytest

from migrator.platforms.postgres import connect as connecting
from migrator.platforms.postgres.connect import LOADING, Session, connect, connect_arrow
from tests.kills.proxy import Proxy

ROOT = Path(__file__).parents[3]
ENDLESS = """
import os
from contextlib import closing
from migrator.platforms.postgres.connect import LOADING, {0}
with closing({0}(os.environ["URL"], LOADING)) as connection, closing(connection.cursor()) as cursor:
    cursor.execute("SELECT pg_sleep(3600)")
"""
AT_WORK = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid()"
STANDS = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
WORKS = f"{STANDS} AND state = 'active' AND query LIKE '%%pg_sleep(1)%%'"
LOOKS = 3_000


@pytest.mark.parametrize("driver", ["connect", "connect_arrow"])
def test_the_statement_of_a_killed_client_ends(postgres_url: str, driver: str) -> None:
    """It went on to its end, and held its locks as long: of a merge, for hours."""
    program = [sys.executable, "-c", ENDLESS.format(driver)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "URL": postgres_url}
    with psycopg.connect(postgres_url, autocommit=True) as watching, subprocess.Popen(program, env=environment) as one:
        try:
            _await(watching, AT_WORK, sessions=1)
        finally:
            one.kill()
        _await(watching, AT_WORK, sessions=0)


def _await(watching: psycopg.Connection, query: LiteralString, *values: object, sessions: int) -> None:
    for _ in range(LOOKS):
        if watching.execute(query, values or None).fetchone() == (sessions,):
            return
        time.sleep(0.02)
    pytest.fail(f"there are not {sessions} sessions at work")


def test_a_side_that_is_cut_off_without_a_word_is_missed_by_the_other(postgres_url: str) -> None:
    with closing(connect(postgres_url, LOADING)) as connection:
        assert connection.execute("SHOW tcp_keepalives_idle").fetchone() == ("60",)
        assert connection.execute("SHOW tcp_user_timeout").fetchone() == ("120000",)
        assert _patience(connection) == (60, 120_000)
    with closing(connect(f"{postgres_url}?keepalives_idle=7", LOADING)) as connection:
        assert _patience(connection) == (7, 120_000)


@pytest.mark.parametrize("driver", [connect, connect_arrow])
def test_a_client_that_vanishes_before_its_first_statement_is_missed_as_soon(
    postgres_url: str, driver: Callable[[str, Session], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own settings know it for two hours. A pooler, or an old server, takes them in statements alone."""
    at_login = "SELECT reset_val FROM pg_settings WHERE name IN ('tcp_keepalives_idle', 'work_mem') ORDER BY name"
    own = f"{postgres_url}?options=-c%20work_mem%3D1234kB"
    assert _asked(driver(own, LOADING), at_login) == [("60",), ("1234",)]
    monkeypatch.setitem(connecting._VANISHING, "tcp_of_another_server", "1")
    assert _asked(driver(f"{own}&connect_timeout=21", LOADING), at_login) == [("0",), ("1234",)]


def _asked(connection: Any, query: str) -> list[tuple[object, ...]]:
    with closing(connection), closing(connection.cursor()) as cursor:
        cursor.execute(query)
        found: list[tuple[object, ...]] = cursor.fetchall()
        return found


def _patience(connection: psycopg.Connection) -> tuple[int, int]:
    with socket.socket(fileno=os.dup(connection.fileno())) as ours:
        options = (socket.TCP_KEEPIDLE, socket.TCP_USER_TIMEOUT)
        idle, unconfirmed = (ours.getsockopt(socket.IPPROTO_TCP, option) for option in options)
        return idle, unconfirmed


def test_a_session_whose_reply_nobody_confirms_ends(postgres_url: str) -> None:
    """The system sends it again for a quarter of an hour, and the session's locks are held as long."""
    parts = urlsplit(postgres_url)
    with closing(Proxy(parts.port or 0)) as network, psycopg.connect(postgres_url, autocommit=True) as watching:
        login, _, host = parts.netloc.rpartition("@")
        reached = parts._replace(netloc=f"{login}@{host.partition(':')[0]}:{network.port}").geturl()
        with closing(connect(reached, Session(extra={"tcp_user_timeout": "1000"}))) as connection:
            process = connection.info.backend_pid
            connection.pgconn.send_query(b"SELECT pg_sleep(1)")
            _await(watching, WORKS, process, sessions=1)
            with network.silenced():
                _await(watching, STANDS, process, sessions=0)
