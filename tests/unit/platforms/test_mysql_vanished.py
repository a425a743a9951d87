"""A server that vanishes in the middle of a statement is missed, not waited for."""

from __future__ import annotations

import threading
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from migrator.platforms.mysql import connect as connecting
from migrator.platforms.mysql.connect import LENIENT_MODE, address_of, connect
from storage.errors import MigratorError, TransientFault
from tests.kills.proxy import Proxy

PATIENCE_S = 60


def test_a_server_that_is_cut_off_without_a_word_is_missed(mariadb_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    soon = {"TCP_KEEPIDLE": 1, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 1, "TCP_USER_TIMEOUT": 1_000}
    monkeypatch.setattr(connecting, "_NOTICED", soon)
    parts, said = urlsplit(mariadb_url), list[MigratorError]()
    with closing(Proxy(parts.port or 0)) as network:
        login, _, host = parts.netloc.rpartition("@")
        reached = parts._replace(netloc=f"{login}@{host.partition(':')[0]}:{network.port}").geturl()
        with closing(connect(address_of(reached), mode=LENIENT_MODE)) as connection:

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
