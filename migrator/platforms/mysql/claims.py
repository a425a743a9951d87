"""The tables that one run has for itself: named locks of a session that does nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

from migrator.platforms.mysql.address import Address
from migrator.platforms.mysql.connect import LENIENT_MODE, Connection, connect
from migrator.platforms.mysql.locks import (
    attempt_locks,
    claim_lock,
    end_holder,
    give_back,
    holder_of,
    staging_lock,
    taken,
)
from storage.errors import Fault
from storage.schema import Table


class MysqlClaims:
    """See migrator.contracts.Claims."""

    def __init__(self, connection: Connection, run: str) -> None:
        self._connection = connection
        self._run = run
        self._mine: list[str] = []

    def take(self, tables: Sequence[Table]) -> str:
        claiming, _ = attempt_locks(self._connection, self._run)
        for lock in sorted({claim_lock(self._connection, table) for table in tables}):
            if not taken(self._connection, lock):
                self.give_back()
                holder = holder_of(self._connection, lock)
                if holder and holder == holder_of(self._connection, claiming):
                    self._end_earlier()
                    end_holder(self._connection, claiming)
                # a server misses a client that vanished after hours
                return f"the run of connection {holder} (KILL {holder} ends it where its machine is gone)"
            self._mine.append(lock)
        if self._mine and taken(self._connection, claiming):
            self._mine.append(claiming)
            self._end_earlier()
        return ""

    def _end_earlier(self) -> None:
        """Whoever goes on with a run has its lock in the catalog: who stages or merges it here is an attempt that
        hangs, be it that the session has gone which had its tables."""
        _, merging = attempt_locks(self._connection, self._run)
        for lock in (merging, staging_lock(self._connection, self._run)):
            end_holder(self._connection, lock)

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
