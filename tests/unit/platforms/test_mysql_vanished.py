"""Servers and clients that vanish: the one is missed, and how to end what the other left is told."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest

from migrator.platforms.mysql import connect as connecting
from migrator.platforms.mysql.claims import claims
from migrator.platforms.mysql.connect import LENIENT_MODE, address_of, connect
from storage.errors import MigratorError, TransientFault
from tests.conformance.platforms.mysql import MysqlPlatform
from tests.conformance.targets import DDL
from tests.kills.proxy import Proxy

PATIENCE_S = 60


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = {"TCP_KEEPIDLE": 1, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 1, "TCP_USER_TIMEOUT": 1_000}
    monkeypatch.setattr(connecting, "_NOTICED", soon)


@contextmanager
def reached(url: str) -> Iterator[tuple[str, Proxy]]:
    """The address of the same server through a network of our own."""
    parts = urlsplit(url)
    with closing(Proxy(parts.port or 0)) as network:
        login, _, host = parts.netloc.rpartition("@")
        yield parts._replace(netloc=f"{login}@{host.partition(':')[0]}:{network.port}").geturl(), network


def test_a_server_that_is_cut_off_without_a_word_is_missed(mariadb_url: str) -> None:
    said = list[MigratorError]()
    with reached(mariadb_url) as (url, network), closing(connect(address_of(url), mode=LENIENT_MODE)) as connection:

        def ask() -> None:
            try:
                connection.rows("SELECT SLEEP(1)")
            except MigratorError as error:
                said.append(error)

        asking = threading.Thread(target=ask, daemon=True)  # where it is not missed, it waits for hours
        with network.silenced():
            asking.start()
            asking.join(PATIENCE_S)
        assert isinstance(said[0], TransientFault), said
        assert "the connection to the server was lost" in str(said[0])


def test_who_waits_for_a_client_that_vanished_is_told_how_to_end_it(mariadb_url: str) -> None:
    platform = MysqlPlatform(mariadb_url)
    platform.run(DDL)
    every = platform.target().describe().tables
    with reached(mariadb_url) as (url, network), claims(address_of(url), "gone") as gone:
        assert gone.take(every) == ""
        with network.silenced(), platform.target().claims("next") as waiting:
            told = re.search(r"KILL \d+", waiting.take(every))
            assert told
            platform.run(told.group())
            for _ in range(100):
                if waiting.take(every) == "":
                    break
                time.sleep(0.05)
            else:
                pytest.fail("somebody holds them still")
