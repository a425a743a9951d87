"""A private MariaDB server, and empty databases in it that ordinary users own."""

from __future__ import annotations

import itertools
from contextlib import AbstractContextManager, closing
from pathlib import Path
from urllib.parse import quote, urlsplit

import pymysql

from tests.servers.certificate import AUTHORITY, KEY, certify
from tests.servers.process import ADMIN, LOOPBACK, PASSWORD, Restartable, Server, free_port, program, run, started

_SBIN = Path("/usr/sbin")
_SETTINGS = {
    "bind-address": LOOPBACK,
    "character-set-server": "utf8mb4",
    "default-time-zone": "+02:00",  # who relies on the server's zone is found out
    "innodb-buffer-pool-size": "64M",
    "innodb-flush-log-at-trx-commit": "0",
    "innodb-log-file-size": "64M",
    "local-infile": "1",
    "log-bin": "binlog",
    "binlog-format": "ROW",
    "log-bin-trust-function-creators": "1",  # or nobody but root may create a trigger
    "max-connections": "60",
    "server-id": "1",
    "skip-name-resolve": "1",
    "tcp-keepalive-interval": "10",  # by itself it misses a client that vanished after two hours
    "tcp-keepalive-probes": "6",
    "tcp-keepalive-time": "60",
    "sync-binlog": "0",
}
_KEEPS_COMMITS = {"innodb-flush-log-at-trx-commit": "2"}
_ADMINISTRATOR = f"""
CREATE OR REPLACE USER {ADMIN}@'{LOOPBACK}' IDENTIFIED BY '{PASSWORD}';
GRANT ALL PRIVILEGES ON *.* TO {ADMIN}@'{LOOPBACK}' WITH GRANT OPTION;
"""


class Mariadb(Restartable):
    """The server; `kill` and `restart` are for tests that have it to themselves."""

    def __init__(self, folder: Path, *, is_encrypted: bool = False, keeps_commits: bool = False) -> None:
        self.port = free_port()
        self.admin_url = self.url(ADMIN, "mysql")
        self._numbers = itertools.count(1)
        self._data = folder / "data"
        self._first = folder / "administrator.sql"
        every = {**_SETTINGS, **(_KEEPS_COMMITS if keeps_commits else {})}
        settings = [f"--{name}={value}" for name, value in every.items()]
        # a server that starts deletes the temporary tables of all others in its tmpdir
        self._places = [f"--datadir={self._data}", f"--tmpdir={folder}", f"--socket={folder / 'socket'}"]
        files = [f"--port={self.port}", f"--pid-file={folder / 'pid'}", f"--init-file={self._first}"]
        self.authority = folder / AUTHORITY
        self._is_encrypted = is_encrypted
        keys = [f"--ssl-cert={self.authority}", f"--ssl-key={folder / KEY}", "--require-secure-transport"]
        encrypted = keys if is_encrypted else []
        command = [program("mariadbd", _SBIN), "--no-defaults", *self._places, *files, *encrypted, *settings]
        self._server = Server("mariadb", command, folder, answers=self._answers)

    def url(self, user: str, database: str, password: str = PASSWORD) -> str:
        return f"mysql://{user}:{quote(password, safe='')}@{LOOPBACK}:{self.port}/{database}"

    def create(self) -> None:
        """Make the system tables, and start it."""
        self._first.write_text(_ADMINISTRATOR)
        if self._is_encrypted:
            certify(self._server.folder)
        options = ["--skip-test-db", "--innodb-log-file-size=64M"]
        run([program("mariadb-install-db"), "--no-defaults", *self._places, *options], self._server.folder)
        self.start()

    def database(self, name: str = "app") -> str:
        """The URL of a new, empty database, and of a new user of the same name that has every right on it alone."""
        unique = f"{name}_{next(self._numbers)}"
        self.admin(
            f"CREATE DATABASE `{unique}`",
            f"CREATE USER `{unique}`@'{LOOPBACK}' IDENTIFIED BY '{PASSWORD}'",
            f"GRANT ALL PRIVILEGES ON `{unique}`.* TO `{unique}`@'{LOOPBACK}'",
        )
        return self.url(unique, unique)

    def grant(self, url: str, privilege: str) -> None:
        """Give the user of that URL a privilege of the whole server, RELOAD for example."""
        self.admin(f"GRANT {privilege} ON *.* TO `{_named(url)}`@'{LOOPBACK}'")

    def drop(self, url: str) -> None:
        """Drop the database of that URL with its user."""
        self.admin(f"DROP DATABASE `{_named(url)}`", f"DROP USER `{_named(url)}`@'{LOOPBACK}'")

    def admin(self, *statements: str) -> None:
        """Run statements as the administrator, one by one."""
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def _connect(self) -> pymysql.Connection:
        return pymysql.connect(
            host=LOOPBACK, port=self.port, user=ADMIN, password=PASSWORD, autocommit=True, connect_timeout=2
        )

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except pymysql.OperationalError:
            return False
        return True


def _named(url: str) -> str:
    """The database of the URL, and its user of the same name."""
    return urlsplit(url).path.removeprefix("/")


def running(*, is_encrypted: bool = False, keeps_commits: bool = False) -> AbstractContextManager[Mariadb]:
    """A new server, running; gone with its data at the end. Encrypted, it takes no other connections.

    Only one that `keeps_commits` has after a kill what it said was committed.
    """
    return started("mariadb", lambda folder: Mariadb(folder, is_encrypted=is_encrypted, keeps_commits=keeps_commits))
