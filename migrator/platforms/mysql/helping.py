"""A table staged on MariaDB or MySQL by a process that helps whoever performs the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

from migrator.contracts import Staged
from migrator.platforms.mysql.address import Address
from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.helpers import end_helpers, is_performed
from migrator.platforms.mysql.locks import helper_locks, taken
from migrator.platforms.mysql.staging import MysqlStaging, filling, stage_table_of
from migrator.platforms.relational.kept import elsewhere
from storage.errors import Fault, TransientFault
from storage.schema import Table


class MysqlHelping(MysqlStaging):
    """See migrator.contracts.Target.helping."""

    def __init__(self, address: Address, run: str, connection: Connection, required: Callable[[], None]) -> None:
        super().__init__(address, run, connection, keep=True)
        self._required = required
        self._begun: Staged | None = None

    def _take(self, staged: Staged) -> None:
        self._required()
        self._begun = staged

    def _reads(self, staged: Staged, connection: Connection) -> None:
        _hold(connection, helper_locks(connection, stage_table_of(self._run, staged.table))[1], self._run)

    def note(self, staged: Staged, word: str) -> None:
        self._required()
        super().note(staged, word)
        self._begun = None

    def leave(self) -> None:
        """What is begun and not noted goes. As long as this session lives, nobody has taken it over."""
        if self._begun is not None:
            with suppress(Fault):  # whoever ended it takes care of that
                self._drop(self._begun)


@contextmanager
def helping(address: Address, run: str, table: Table, required: Callable[[], None]) -> Iterator[MysqlHelping]:
    """See migrator.contracts.Target.helping."""
    stage = stage_table_of(run, table)
    with closing(filling(address)) as connection:
        required()  # before whoever has it now is ended
        end_helpers(connection, stage)
        _hold(connection, helper_locks(connection, stage)[0], run)
        if not is_performed(connection, run):
            raise elsewhere(str(address), run)
        helped = MysqlHelping(address, run, connection, required)
        try:
            yield helped
        finally:
            helped.leave()


def _hold(connection: Connection, lock: str, run: str) -> None:
    if not taken(connection, lock):
        raise TransientFault("another process helps with this table", where=run, next="nothing is to be done")
