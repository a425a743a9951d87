"""A server that does not come up is an error that says why, never a test that is passed over."""

from __future__ import annotations

import sys

import pytest

from tests.servers.postgres import Postgres
from tests.servers.process import Server, ServerError, data_folder, free_port, listens, program


def test_a_missing_program_is_an_error_with_the_way_to_install_it() -> None:
    with pytest.raises(ServerError, match=r"no-such-server is not installed.*\.ci/servers"):
        program("no-such-server")


@pytest.mark.parametrize(
    ("script", "seconds", "why"),
    [
        ("echo no space left; exit 3", 60, r"ended with 3.*no space left"),
        ("echo still; sleep 60", 2, r"within 2 s.*still"),
    ],
    ids=["it ends", "it hangs"],
)
def test_a_server_that_does_not_answer_tells_the_end_of_its_log(script: str, seconds: int, why: str) -> None:
    with data_folder("test") as folder:
        server = Server("odd", [program("sh"), "-c", script], folder, answers=lambda: False)
        with pytest.raises(ServerError, match=f"(?s){why}"):
            server.start(seconds=seconds)


def test_nothing_is_left_of_a_server() -> None:
    port = free_port()
    with data_folder("test") as folder:
        command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
        server = Server("web", command, folder, answers=lambda: listens(port), own_account=True)
        server.start()
        assert listens(port)
        server.stop()
    assert not listens(port)
    assert not folder.exists()


def test_a_killed_database_server_comes_back_with_what_was_committed(private_postgres: Postgres) -> None:
    url = private_postgres.database()
    private_postgres.kill()
    assert not listens(private_postgres.port)
    private_postgres.restart()
    private_postgres.drop(url)
