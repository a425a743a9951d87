"""Any SQL database that SQLAlchemy has a dialect for, as a source: generic, and slower than a driver of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pyarrow as pa
import sqlalchemy as sa

from migrator.contracts import ColumnCensus, Examination, Fence, Predicate, ReadLimits, TenantCandidate
from migrator.platforms.relational.tenants import candidates
from migrator.platforms.relational.unshared import Unshared
from migrator.platforms.sql.connect import Address, connected, translated
from migrator.platforms.sql.describe import Described, describe
from migrator.platforms.sql.examine import examine
from migrator.platforms.sql.model import model
from migrator.platforms.sql.rows import Rows
from migrator.platforms.sql.snapshots import snapshot_of, take
from migrator.platforms.sql.wire import Wire
from storage.errors import Recast
from storage.model import Model
from storage.schema import Column, Schema, Table

_GENTLE = ReadLimits()


class SqlSource(Unshared):
    """See migrator.contracts.Source. One reader: nothing is known of how a dialect's connections share a view."""

    def __init__(self, url: str, limits: ReadLimits = _GENTLE) -> None:
        self._address = Address(url)
        self._limits = limits

    def describe(self) -> Schema:
        with connected(self._address) as connection, translated(self._address):
            return describe(connection).schema

    def tenants(self, is_likely: Callable[[str], bool]) -> tuple[TenantCandidate, ...]:
        with connected(self._address) as connection, translated(self._address):
            described = describe(connection)
            return tuple(candidates(described.schema, is_likely, partial(_distinct, connection, described)))

    def examine(self, excluded: Collection[str] = (), views: Collection[str] = ()) -> Examination:
        with connected(self._address) as connection, translated(self._address):
            return examine(connection, self._address, self._limits, excluded)

    @contextmanager
    def fence(self) -> Iterator[SqlReading]:
        """One transaction that sees one moment, as the dialect has it; Red where it has none."""
        snapshot_of(self._address)  # nobody waits for a connection to be told that there is no way
        with connected(self._address) as connection:
            with translated(self._address):
                fence = take(connection, self._address, self._limits)
                described = describe(connection)
            yield SqlReading(Wire(connection, self._address), described, fence)


class SqlReading:
    """See migrator.contracts.Reading."""

    def __init__(self, wire: Wire, described: Described, fence: Fence) -> None:
        self.schema = described.schema
        self.fence = fence
        self._wire = wire
        self._described = described

    def census(self, table: Table, predicate: Predicate) -> tuple[Table, tuple[ColumnCensus, ...]]:
        """Every value is read once for it: what a driver makes of a type is known only by its values."""
        while True:
            try:
                nulls = self._nulls(table, predicate)
            except Recast as signal:
                table = _with(table, signal.column)
            else:
                break
        return table, tuple(
            ColumnCensus(column=column.name, fidelity=column.fidelity, nulls=count, found=(column.native,))
            for column, count in zip(table.columns, nulls, strict=True)
        )

    def _nulls(self, table: Table, predicate: Predicate) -> list[int]:
        nulls = [0] * len(table.columns)
        for batch in self.scan(table, predicate):
            for i, array in enumerate(batch.columns):
                nulls[i] += array.null_count
        return nulls

    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None, distinct: bool = False
    ) -> Iterator[pa.RecordBatch]:
        chosen = [table.column(name) for name in columns] if columns is not None else list(table.columns)
        yield from Rows(self._wire, self._described, table, predicate).scan(chosen, distinct=distinct)

    def count(self, table: Table, predicate: Predicate) -> int:
        return Rows(self._wire, self._described, table, predicate).count()

    def model(self, tables: Collection[str]) -> Model:
        with self._wire.settled() as connection:
            return model(connection, self.schema, tables)


def _distinct(connection: sa.Connection, described: Described, table: Table, name: str) -> tuple[int, tuple[str, ...]]:
    clause = described.selectable[table.name]
    column = clause.c[name]
    count = connection.execute(sa.select(sa.func.count(column.distinct()))).scalar_one()
    first = connection.execute(sa.select(column).distinct().order_by(column).limit(3)).scalars()
    return int(count), tuple(map(str, first))


def _with(table: Table, column: Column) -> Table:
    return replace(table, columns=tuple(column if each.name == column.name else each for each in table.columns))
