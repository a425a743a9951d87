"""The tables that one run has for itself: named locks of a session that does nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

from migrator.platforms.mysql.address import Address
from migrator.platforms.mysql.connect import LENIENT_MODE, Connection, connect
from migrator.platforms.mysql.locks import claim_lock, give_back, taken
from storage.errors import Fault
from storage.schema import Table


class MysqlClaims:
    """See migrator.contracts.Claims."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._mine: list[str] = []

    def take(self, tables: Sequence[Table]) -> str:
        for lock in sorted({claim_lock(self._connection, table) for table in tables}):
            if not taken(self._connection, lock):
                self.give_back()
                holder = self._connection.text(f"SELECT IS_USED_LOCK({lock})")
                # a server misses a client that vanished after hours
                return f"the run of connection {holder} (KILL {holder} ends it where its machine is gone)"
            self._mine.append(lock)
        return ""

    def give_back(self) -> None:
        while self._mine:
            give_back(self._connection, self._mine.pop())

    def require(self) -> None:
        self._connection.rows("SELECT 1")


@contextmanager
def claims(address: Address) -> Iterator[MysqlClaims]:
    """See migrator.contracts.Target.claims: the locks go with the session."""
    with closing(connect(address, mode=LENIENT_MODE)) as connection:
        held = MysqlClaims(connection)
        try:
            yield held
        finally:
            with suppress(Fault):  # the connection is lost, and the locks with it
                held.give_back()  # a server hears late that somebody has gone
