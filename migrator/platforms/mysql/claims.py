"""The tables that one run has for itself: named locks of a session that does nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

from migrator.platforms.mysql.address import Address
from migrator.platforms.mysql.connect import LENIENT_MODE, Connection, connect
from migrator.platforms.mysql.locks import attempt_locks, claim_lock, give_back, holder_of, staging_lock, taken
from storage.errors import Fault, MigratorError
from storage.schema import Table


class MysqlClaims:
    """See migrator.contracts.Claims."""

    def __init__(self, connection: Connection, run: str) -> None:
        self._connection = connection
        self._run = run
        self._mine: list[str] = []

    def take(self, tables: Sequence[Table]) -> str:
        for lock in sorted({claim_lock(self._connection, table) for table in tables}):
            if not taken(self._connection, lock):
                self.give_back()
                holder = holder_of(self._connection, lock)
                self._end_earlier(holder)
                # a server misses a client that vanished after hours
                return f"the run of connection {holder} (KILL {holder} ends it where its machine is gone)"
            self._mine.append(lock)
        claiming, _ = attempt_locks(self._connection, self._run)
        if self._mine and taken(self._connection, claiming):
            self._mine.append(claiming)
        return ""

    def _end_earlier(self, holder: str) -> None:
        """Whoever goes on with a run has its lock in the catalog: an attempt whose sessions are here still hangs."""
        claiming, merging = attempt_locks(self._connection, self._run)
        if holder and holder == holder_of(self._connection, claiming):
            for lock in (merging, staging_lock(self._connection, self._run), claiming):
                if session := holder_of(self._connection, lock):
                    with suppress(MigratorError):  # it has ended meanwhile
                        self._connection.execute(f"KILL {session}")

    def give_back(self) -> None:
        while self._mine:
            give_back(self._connection, self._mine.pop())

    def require(self) -> None:
        self._connection.rows("SELECT 1")


@contextmanager
def claims(address: Address, run: str) -> Iterator[MysqlClaims]:
    """See migrator.contracts.Target.claims: the locks go with the session."""
    with closing(connect(address, mode=LENIENT_MODE)) as connection:
        held = MysqlClaims(connection, run)
        try:
            yield held
        finally:
            with suppress(Fault):  # the connection is lost, and the locks with it
                held.give_back()  # a server hears late that somebody has gone
