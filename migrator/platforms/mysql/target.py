"""A MariaDB or MySQL database as a target."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager

import pyarrow as pa

from migrator.contracts import (
    NO_TRIGGERS,
    Capabilities,
    Closed,
    Examination,
    Marker,
    Numbered,
    Predicate,
    Triggers,
    Undone,
)
from migrator.platforms.mysql.claims import MysqlClaims, claims
from migrator.platforms.mysql.connect import LENIENT_MODE, address_of, connect
from migrator.platforms.mysql.describe import describe, engines
from migrator.platforms.mysql.erase import erase
from migrator.platforms.mysql.examine import examine_target
from migrator.platforms.mysql.fence import fenced
from migrator.platforms.mysql.helping import MysqlHelping, helping
from migrator.platforms.mysql.merge import MysqlMerge, close, merging, settle, undo
from migrator.platforms.mysql.reader import Reader
from migrator.platforms.mysql.restore import MysqlRebuilding, rebuilding
from migrator.platforms.mysql.rows import scan
from migrator.platforms.mysql.source import MysqlSource, require_transactions
from migrator.platforms.mysql.staging import MysqlStaging, staging
from migrator.platforms.mysql.sweep import sweep_runs
from migrator.platforms.mysql.transaction import MysqlTransaction
from migrator.platforms.relational.journal import markers_seen
from storage.model import Model
from storage.schema import Schema, Table


class MysqlTarget:
    """See migrator.contracts.Target."""

    capabilities = Capabilities(platform="mysql", transactional=True, silences_triggers=False, stages_together=True)

    def __init__(self, url: str) -> None:
        self._url = url
        self._address = address_of(url)

    def describe(self) -> Schema:
        return MysqlSource(self._url).describe()

    def numbered(self, tables: Sequence[Table]) -> tuple[Numbered, ...]:
        return ()  # InnoDB takes no AUTO_INCREMENT below the highest value there is

    def examine(self, tables: Sequence[str]) -> Examination:
        with closing(connect(self._address, mode=LENIENT_MODE)) as connection:
            return examine_target(connection, tables)

    @contextmanager
    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None
    ) -> Iterator[Iterator[pa.RecordBatch]]:
        with closing(connect(self._address, mode=LENIENT_MODE)) as connection:
            if engine := engines(connection, table.name).get(table.name):
                require_transactions(table, table.name, engine)
            fenced([connection])
            with closing(scan(Reader(connection), table, predicate, columns=columns)) as batches:
                yield batches

    def markers(self) -> tuple[Marker, ...]:
        with closing(connect(self._address, mode=LENIENT_MODE)) as connection:
            transaction = MysqlTransaction(connection, "", where=str(self._address))
            return markers_seen(transaction, describe(connection).tables)

    def claims(self, run: str) -> AbstractContextManager[MysqlClaims]:
        return claims(self._address, run)

    def staging(self, run: str, *, keep: bool = False) -> AbstractContextManager[MysqlStaging]:
        return staging(self._address, run, keep=keep)

    def helping(self, run: str, table: Table, required: Callable[[], None]) -> AbstractContextManager[MysqlHelping]:
        return helping(self._address, run, table, required)

    def sweep(self, runs: Collection[str], *, are_over: bool = False) -> int:
        with closing(connect(self._address, mode=LENIENT_MODE)) as connection:
            return sweep_runs(connection, runs, are_over=are_over)

    def merging(
        self, run: str, *, max_seconds: int | None = None, triggers: Triggers = NO_TRIGGERS
    ) -> AbstractContextManager[MysqlMerge]:
        return merging(self._address, run, max_seconds=max_seconds, triggers=triggers)

    def undo(self, run: str, *, whole: bool = False, by: str = "") -> Undone:
        return undo(self._address, run, whole=whole, by=by)

    def settle(self, by: str) -> None:
        settle(self._address, by)

    def close(self, run: str, *, by: str = "") -> Closed:
        return close(self._address, run, by=by)

    def rebuilding(self, tables: Sequence[Table], model: Model) -> AbstractContextManager[MysqlRebuilding]:
        return rebuilding(self._address, tables, model)

    def erase(self, tables: Sequence[Table], model: Model) -> None:
        erase(self._address, tables, model)
