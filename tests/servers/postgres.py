"""A private PostgreSQL server, and empty databases in it that ordinary users own."""

from __future__ import annotations

import itertools
import re
import signal
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

from tests.servers.certificate import AUTHORITY, KEY, certify
from tests.servers.process import (
    ADMIN,
    LOOPBACK,
    PASSWORD,
    Restartable,
    Server,
    ServerError,
    free_port,
    program,
    run,
    started,
)

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "max_prepared_transactions": "10",
    "wal_level": "logical",
    "max_wal_size": "256MB",
    "timezone": "Europe/Paris",  # who relies on the server's zone is found out
}
_KEEPS_COMMITS = {"synchronous_commit": "on"}  # in the system's cache, which outlives a killed process
_PATIENCE = 3_000  # looks at a standby that is behind
_ENCRYPTED = {"ssl": "on", "ssl_cert_file": f"../{AUTHORITY}", "ssl_key_file": f"../{KEY}"}
_ENCRYPTED_ONLY = "hostssl all all all scram-sha-256\n"


class Postgres(Restartable):
    """The server; `kill` and `restart` are for tests that have it to themselves."""

    def __init__(self, folder: Path, *, is_encrypted: bool = False, keeps_commits: bool = False) -> None:
        self.port = free_port()
        self.admin_url = self.url(ADMIN, "postgres")
        self.authority = folder / AUTHORITY
        self._is_encrypted = is_encrypted
        self._numbers = itertools.count(1)
        self._data = folder / "data"
        every = {**_SETTINGS, **(_ENCRYPTED if is_encrypted else {}), **(_KEEPS_COMMITS if keeps_commits else {})}
        settings = [f"--{name}={value}" for name, value in every.items()]
        command = [_program("postgres"), "-D", str(self._data), "-p", str(self.port), *settings]
        self._server = Server("postgres", command, folder, answers=self._answers, stop_signal=signal.SIGINT)

    def url(self, user: str, database: str, password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{quote(password, safe='')}@{LOOPBACK}:{self.port}/{database}"

    def create(self) -> None:
        """Make the cluster, and start it."""
        secret = self._server.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        options = ["--no-sync", "--auth=scram-sha-256", f"--username={ADMIN}", f"--pwfile={secret}"]
        locale = ["--encoding=UTF8", "--locale=C.UTF-8"]
        run([_program("initdb"), "-D", str(self._data), *options, *locale], self._server.folder)
        if self._is_encrypted:
            certify(self._server.folder)
            (self._data / "pg_hba.conf").write_text(_ENCRYPTED_ONLY)
        self.start()

    def database(self, name: str = "app") -> str:
        """The URL of a new, empty database, owned by a new login role of the same name that may nothing else."""
        unique = f"{name}_{next(self._numbers)}"
        named = {"name": sql.Identifier(unique), "password": sql.Literal(PASSWORD)}
        self.admin(
            sql.SQL("CREATE ROLE {name} LOGIN PASSWORD {password}").format(**named),
            sql.SQL("CREATE DATABASE {name} OWNER {name}").format(**named),
        )
        return self.url(unique, unique)

    def drop(self, url: str) -> None:
        """Drop the database of that URL with its role, whoever is still connected."""
        named = sql.Identifier(urlsplit(url).path.removeprefix("/"))
        self.admin(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(named),
            sql.SQL("DROP ROLE {}").format(named),
        )

    def admin(self, *statements: sql.Composed | sql.SQL) -> None:
        """Run statements as the administrator, one by one."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def dumped(self, url: str, *options: str) -> str:
        """What pg_dump writes of the database of that URL, as its role."""
        command = [_program("pg_dump"), "--no-owner", "--no-privileges", *options, url]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.admin_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class Standby(Postgres):
    """A hot standby: it serves readers, and replays what its primary writes."""

    def __init__(self, folder: Path, primary: Postgres) -> None:
        super().__init__(folder)
        self._primary = primary

    def create(self) -> None:
        """Copy the primary's data, and start."""
        source = ["-d", self._primary.admin_url, "--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf"]
        run([_program("pg_basebackup"), *source, "--no-sync", "-D", str(self._data)], self._server.folder)
        self.start()

    def catch_up(self) -> None:
        """Wait until everything the primary has written by now can be read here."""
        with psycopg.connect(self._primary.admin_url) as connection:
            written = connection.execute("SELECT pg_current_wal_lsn()::text").fetchone()
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            for _ in range(_PATIENCE):
                seen = connection.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", written).fetchone()
                if seen == (True,):
                    return
                time.sleep(0.02)
        raise ServerError("the standby does not follow its primary")


def running(*, is_encrypted: bool = False, keeps_commits: bool = False) -> AbstractContextManager[Postgres]:
    """A new server, running; gone with its data at the end. Encrypted, it takes no other connections.

    Only one that `keeps_commits` has after a kill what it said was committed.
    """
    return started("postgres", lambda folder: Postgres(folder, is_encrypted=is_encrypted, keeps_commits=keeps_commits))


def standing_by(primary: Postgres) -> AbstractContextManager[Standby]:
    """A new standby of the primary, which must outlive it."""
    return started("standby", lambda folder: Standby(folder, primary))


def _program(name: str) -> str:
    """Debian keeps the server's programs out of PATH, by version: the newest is taken."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    newest_first = sorted(versions, key=lambda path: int("0" + re.sub(r"\D", "", path.parent.name)), reverse=True)
    return program(name, *newest_first)
