"""Empty databases of any kind for a measurement or a soak, and the CPU time of the servers behind them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.conformance.platforms import MysqlPlatform, PostgresPlatform, SqlitePlatform
from tests.servers import mariadb, postgres
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres
from tests.servers.process import children

SQLITE, POSTGRESQL, MARIADB = KINDS = ("sqlite", "postgresql", "mariadb")
AnyPlatform = SqlitePlatform | PostgresPlatform | MysqlPlatform

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 1, 11, 12, 13, 14  # in /proc/PID/stat, after the name


class Servers:
    """One server of each kind, started when the first of its databases is asked for."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._pids: dict[str, int] = {}
        self._postgres: Postgres | None = None
        self._mariadb: Mariadb | None = None

    @property
    def postgres(self) -> Postgres:
        self._postgres = self._postgres or self._stack.enter_context(postgres.running())
        return self._postgres

    @property
    def mariadb(self) -> Mariadb:
        self._mariadb = self._mariadb or self._stack.enter_context(mariadb.running())
        return self._mariadb

    def database(self, kind: str) -> AnyPlatform:
        """A new, empty database of this kind."""
        if kind == SQLITE:
            return SqlitePlatform(self._folder / f"{len(list(self._folder.glob('*.db')))}.db")
        if kind == POSTGRESQL:
            served = PostgresPlatform(self.postgres.database())
            self._pids[kind] = _pid_of_postgres(served)
            return served
        other = MysqlPlatform(self.mariadb.database())
        self._pids[kind] = int(Path(other.rows("SELECT @@pid_file")[0][0]).read_text())
        return other

    def cpu_seconds(self) -> float:
        """What all servers have used so far, connections that have ended included."""
        return sum(map(_seconds, self._pids.values()))


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Servers that end with the context; SQLite files lie in `folder`."""
    with ExitStack() as stack:
        yield Servers(folder, stack)


def _pid_of_postgres(platform: PostgresPlatform) -> int:
    """The server is the parent of whoever serves a connection."""
    with platform.connect() as connection:
        return int(_stat(connection.info.backend_pid)[_PARENT])


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _seconds(pid: int) -> float:
    """The CPU time of a process, of its children now, and of those that have ended."""
    ticks = sum(int(_stat(pid)[field]) for field in (_USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM))
    for child in children(pid):
        with suppress(OSError):  # it has ended meanwhile
            ticks += sum(int(_stat(child)[field]) for field in (_USER, _SYSTEM))
    return ticks / _TICKS
