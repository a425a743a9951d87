"""A MariaDB or MySQL database as a source: one consistent snapshot, read by who may only read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial

import pyarrow as pa

from migrator.contracts import ColumnCensus, Examination, Fence, Predicate, ReadLimits, TenantCandidate
from migrator.platforms.mysql.connect import LENIENT_MODE, Connection, address_of, connect
from migrator.platforms.mysql.describe import TRANSACTIONAL, describe, engines, sees_all
from migrator.platforms.mysql.examine import examine_source
from migrator.platforms.mysql.fence import fenced
from migrator.platforms.mysql.grants import granting
from migrator.platforms.mysql.model import model_of
from migrator.platforms.mysql.reader import Reader
from migrator.platforms.mysql.rows import Selection, scan
from migrator.platforms.mysql.types import exceptional
from migrator.platforms.mysql.views import beneath, definitions
from migrator.platforms.mysql.words import ticked
from migrator.platforms.relational.sqltext import quoted
from migrator.platforms.relational.tenants import candidates
from migrator.platforms.relational.unshared import Unshared
from storage.errors import Fault, Red
from storage.model import Model
from storage.schema import Column, Schema, Table

_GENTLE = ReadLimits()
_CENSUS_COLUMNS = 300


class MysqlSource(Unshared):
    """See migrator.contracts.Source."""

    def __init__(self, url: str, limits: ReadLimits = _GENTLE) -> None:
        self._address = address_of(url)
        self._limits = limits

    def describe(self) -> Schema:
        with closing(self._connect()) as connection:
            return describe(connection)

    def tenants(self, is_likely: Callable[[str], bool]) -> tuple[TenantCandidate, ...]:
        with closing(self._connect()) as connection:
            return tuple(candidates(describe(connection), is_likely, partial(_distinct, connection)))

    def examine(self, excluded: Collection[str] = (), views: Collection[str] = ()) -> Examination:
        """See Source; the whole database must be seen, or nobody knows what is hidden."""
        with closing(self._connect()) as connection:
            return examine_source(connection, self._limits)

    @contextmanager
    def fence(self) -> Iterator[MysqlReading]:
        """A snapshot of one connection; of several where the plan allows the lock they need to meet."""
        several = self._limits.max_connections if self._limits.allow_brief_lock else 1
        with ExitStack() as stack:
            connections = [stack.enter_context(closing(self._connect())) for _ in range(max(several, 1))]
            self._require_sight(connections[0])
            fence = fenced(connections)
            yield MysqlReading(connections, fence)

    def _require_sight(self, connection: Connection) -> None:
        if not sees_all(connection):
            user = connection.text("SELECT CURRENT_USER()")
            raise Fault(
                "a privilege is missing: the server hides the tables that this user may not read, if there are any",
                where=str(self._address),
                next=f"have an administrator run: {granting(connection, user, ('SELECT',))}",
            )

    def _connect(self) -> Connection:
        return connect(self._address, mode=LENIENT_MODE, timeout_s=self._limits.statement_timeout_s)


class MysqlReading:
    """See migrator.contracts.Reading."""

    def __init__(self, connections: Sequence[Connection], fence: Fence) -> None:
        self.fence = fence
        self.schema = describe(connections[0])
        self._engines = engines(connections[0])
        self._views = definitions(connections[0])
        self._readers = [Reader(connection) for connection in connections]

    def census(self, table: Table, predicate: Predicate) -> tuple[Table, tuple[ColumnCensus, ...]]:
        columns: list[Column] = []
        findings: list[ColumnCensus] = []
        for start in range(0, len(table.columns), _CENSUS_COLUMNS):
            some = table.columns[start : start + _CENSUS_COLUMNS]
            for column, census in _found(Selection(self._reader, table, predicate), some):
                columns.append(column)
                findings.append(census)
        return replace(table, columns=tuple(columns)), tuple(findings)

    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None, distinct: bool = False
    ) -> Generator[pa.RecordBatch, None, None]:
        self._require_transactions(table)
        yield from scan(self._reader, table, predicate, columns=columns, distinct=distinct)

    def count(self, table: Table, predicate: Predicate) -> int:
        return Selection(self._reader, table, predicate).totals(["1"])[0]

    def model(self, tables: Collection[str]) -> Model:
        return model_of(self._reader.freed(), tables)

    @property
    def _reader(self) -> Reader:
        """One that nothing is being read from, where there is one."""
        return next((reader for reader in self._readers if reader.is_idle), self._readers[0])

    def _require_transactions(self, table: Table) -> None:
        read = beneath(table.name, self._views, self._engines) if table.is_view else [table.name]
        otherwise = "" if table.is_view else ", or name it under scope.excluded with a reason"
        for name in read:
            require_transactions(table, name, self._engines.get(name, ""), otherwise=otherwise)


def require_transactions(table: Table, name: str, engine: str, *, otherwise: str = "") -> None:
    """Red where the engine of what is called so, and read for the table, holds no snapshot still."""
    if engine not in TRANSACTIONAL:
        raise Red(
            f"the engine {engine} of {name} knows no transactions: what it holds at the fence cannot be told",
            where=table.name,
            next=f"ALTER TABLE {ticked(name)} ENGINE = InnoDB{otherwise}",
        )


def _distinct(connection: Connection, table: Table, column: str) -> tuple[int, tuple[str, ...]]:
    rows = f"FROM {quoted(table.name)}"
    count = connection.text(f"SELECT count(DISTINCT {quoted(column)}) {rows}")
    examples = connection.texts(f"SELECT DISTINCT {quoted(column)} {rows} ORDER BY 1 LIMIT 3")
    return int(count), tuple(row[0] or "" for row in examples)


def _found(selection: Selection, columns: Sequence[Column]) -> Iterator[tuple[Column, ColumnCensus]]:
    """Each column as its values need it, from one pass over the rows."""
    tests, names = [], [f"t.{quoted(column.name)}" for column in columns]
    for column, name in zip(columns, names, strict=True):
        tests += [f"{name} IS NULL", *(f"coalesce({one.condition}, 0)" for one in exceptional(column, name))]
    counts = iter(selection.totals(tests))
    for column, name in zip(columns, names, strict=True):
        nulls, found = next(counts), []
        for one in exceptional(column, name):
            count = next(counts)
            if count:
                column = one.holding(column)
                found.append(f"{count} {one.found}")
        yield (
            column,
            ColumnCensus(column=column.name, fidelity=column.fidelity, nulls=nulls, found=(column.native, *found)),
        )
