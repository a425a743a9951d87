"""Clients and servers that vanish, and when the other one notices."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from migrator.platforms.postgres.connect import LOADING, connect

ROOT = Path(__file__).parents[3]
ENDLESS = """
import os
from contextlib import closing
from migrator.platforms.postgres.connect import LOADING, {0}
with closing({0}(os.environ["URL"], LOADING)) as connection, closing(connection.cursor()) as cursor:
    cursor.execute("SELECT pg_sleep(3600)")
"""
AT_WORK = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid()"
LOOKS = 3_000


@pytest.mark.parametrize("driver", ["connect", "connect_arrow"])
def test_the_statement_of_a_killed_client_ends(postgres_url: str, driver: str) -> None:
    """It went on to its end, and held its locks as long: of a merge, for hours."""
    program = [sys.executable, "-c", ENDLESS.format(driver)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "URL": postgres_url}
    with psycopg.connect(postgres_url, autocommit=True) as watching, subprocess.Popen(program, env=environment) as one:
        try:
            _await(watching, sessions=1)
        finally:
            one.kill()
        _await(watching, sessions=0)


def _await(watching: psycopg.Connection, *, sessions: int) -> None:
    for _ in range(LOOKS):
        if watching.execute(AT_WORK).fetchone() == (sessions,):
            return
        time.sleep(0.02)
    pytest.fail(f"there are not {sessions} sessions at work")


def test_a_side_that_is_cut_off_without_a_word_is_missed_by_the_other(postgres_url: str) -> None:
    with closing(connect(postgres_url, LOADING)) as connection:
        assert connection.execute("SHOW tcp_keepalives_idle").fetchone() == ("60",)
        assert _patience(connection) == 60
    with closing(connect(f"{postgres_url}?keepalives_idle=7", LOADING)) as connection:
        assert _patience(connection) == 7


def _patience(connection: psycopg.Connection) -> int:
    with socket.socket(fileno=os.dup(connection.fileno())) as ours:
        return ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
