"""A private Firebird server, and empty databases in it that ordinary users own: the tests' other SQL database."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.servers.process import LOOPBACK, PASSWORD, Server, free_port, listens, program, run, started

_SBIN = Path("/usr/sbin")
_USERS = Path("/usr/share/firebird/3.0/security.sql")
_SYSTEM = Path("/usr/lib/x86_64-linux-gnu/firebird/3.0")
_SETTINGS = """
RemoteServicePort = {port}
RemoteBindAddress = {address}
SecurityDatabase = {folder}/security.fdb
DatabaseAccess = Restrict {folder}
AuthServer = Srp
UserManager = Srp
"""


class Firebird:
    """The server; its administrator lives in its own security database."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._numbers = itertools.count(1)
        self._places = {name: str(folder) for name in ("FIREBIRD", "FIREBIRD_LOCK", "FIREBIRD_TMP")}
        self._server = Server(
            "firebird",
            [program("firebird", _SBIN)],
            folder,
            answers=lambda: listens(self.port),
            environment=self._places,
            stop_signal=signal.SIGKILL,  # it would wait for its clients, and nothing is to be kept
        )

    def create(self) -> None:
        """Make the security database, and start it."""
        settings = _SETTINGS.format(port=self.port, address=LOOPBACK, folder=self._folder)
        (self._folder / "firebird.conf").write_text(settings)
        for name in ("databases.conf", "plugins.conf"):
            (self._folder / name).write_text((_SYSTEM / name).read_text())
        users = self._folder / "security.fdb"
        self._tell(f"CREATE DATABASE '{users}'; INPUT '{_USERS}'; COMMIT; CREATE USER sysdba PASSWORD '{PASSWORD}';")
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def database(self, name: str = "app") -> str:
        """The SQLAlchemy URL of a new, empty database, owned by a new user of the same name that may nothing else."""
        unique = self._user(name)
        path = self._folder / f"{unique}.fdb"
        self._tell(
            f"CREATE DATABASE '{LOOPBACK}/{self.port}:{path}' USER '{unique}' PASSWORD '{PASSWORD}'"
            " DEFAULT CHARACTER SET UTF8;"
        )
        return self.url(unique, path)

    def guest(self, url: str) -> str:
        """The URL of the same database for a new user who has no right in it."""
        user, path = self._user("guest"), url.rpartition(f"{self.port}/")[2]
        return self.url(user, Path(path))

    def url(self, user: str, path: Path, password: str = PASSWORD) -> str:
        return f"firebird+firebird://{user}:{quote(password, safe='')}@{LOOPBACK}:{self.port}/{path}"

    def _user(self, name: str) -> str:
        unique = f"{name}_{next(self._numbers)}"
        self._as_administrator(f"CREATE USER {unique} PASSWORD '{PASSWORD}'; GRANT CREATE DATABASE TO USER {unique};")
        return unique

    def _as_administrator(self, script: str) -> None:
        users = f"{LOOPBACK}/{self.port}:{self._folder / 'security.fdb'}"
        self._tell(f"CONNECT '{users}' USER 'sysdba' PASSWORD '{PASSWORD}'; {script}")

    def _tell(self, script: str) -> None:
        run([program("isql-fb"), "-q", "-b", "-user", "sysdba"], self._folder, environment=self._places, text=script)


def running() -> AbstractContextManager[Firebird]:
    """A new server, running; gone with its data at the end."""
    return started("firebird", Firebird)


@pytest.fixture(scope="session")
def firebird() -> Iterator[Firebird]:
    """The session's Firebird."""
    with running() as server:
        yield server


@pytest.fixture
def firebird_url(firebird: Firebird) -> str:
    """An empty database of the test's own."""
    return firebird.database()
