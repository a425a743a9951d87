"""Reading rows: one statement where the keys of a predicate fit into it, else several that give each row once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice

import pyarrow as pa
import sqlalchemy as sa

from migrator.contracts import Among, Predicate
from migrator.platforms.sql.describe import Described
from migrator.platforms.sql.gathered import gathered_keys, seen_rows
from migrator.platforms.sql.selection import Condition, Selection, expression
from migrator.platforms.sql.types import may_be_large
from migrator.platforms.sql.wire import Wire
from storage.schema import Column, Table


class Rows:
    """The rows of one table that a predicate selects, read through one wire."""

    def __init__(self, wire: Wire, described: Described, table: Table, predicate: Predicate) -> None:
        self._wire = wire
        self._described = described
        self._table = table
        self._predicate = predicate
        self._selection = Selection(described, table, predicate)

    def scan(self, columns: Sequence[Column], *, distinct: bool = False) -> Iterator[pa.RecordBatch]:
        """Batches of these columns, in the order of the primary key where there is one. May raise Recast."""
        if distinct:
            yield from self._distinct(columns)
        elif len(self._first_two()) < 2:
            yield from self._each(columns, self._first_two())
        elif self._table.primary_key:
            yield from self._by_key(columns)
        else:
            yield from self._without_key(columns)

    def count(self) -> int:
        """How many rows there are."""
        conditions = self._first_two()
        if len(conditions) < 2:
            counted = sa.select(sa.func.count()).select_from(self._selection.clause)
            return sum(int(self._wire.row(counted.where(condition))[0]) for condition in conditions)
        if self._table.primary_key:
            with gathered_keys(self._key(), self._each(self._key(), self._selection.conditions())) as keys:
                return len(keys)
        return sum(batch.num_rows for batch in self._without_key(self._table.columns))

    def _first_two(self) -> list[Condition]:
        return list(islice(self._selection.conditions(), 2))

    def _key(self) -> list[Column]:
        return [self._table.column(name) for name in self._table.primary_key]

    def _each(
        self, columns: Sequence[Column], conditions: Iterator[Condition] | list[Condition]
    ) -> Iterator[pa.RecordBatch]:
        for condition in conditions:
            yield from self._read(self._select(columns).where(condition).order_by(*self._order()), columns)

    def _by_key(self, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """Two rounds: the keys first, in order and each once, then their rows."""
        if self._is_by_key():
            yield from self._each(columns, self._selection.conditions())
            return
        found = self._each(self._key(), self._selection.conditions())
        with gathered_keys(self._key(), found) as keys:
            by_key = Among(columns=self._table.primary_key, keys=keys)
            yield from Rows(self._wire, self._described, self._table, by_key).scan(columns)

    def _is_by_key(self) -> bool:
        """Whether the predicate is a set of primary keys already: sorted, and each of one row."""
        asked = self._predicate
        return isinstance(asked, Among) and asked.columns == self._table.primary_key

    def _without_key(self, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        names = [column.name for column in columns]
        with seen_rows() as seen:
            for number, condition in enumerate(self._selection.conditions()):
                for batch in self._each(self._table.columns, [condition]):
                    yield seen.fresh(batch, number).select(names)

    def _distinct(self, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """The database tells values apart, but for those too large for it; several statements are told apart here."""
        select = self._select(columns)
        large = any(may_be_large(column.type) for column in select.selected_columns)
        numbers = iter(range(1 << 62))
        with seen_rows() as seen:
            for condition in self._selection.conditions():
                for batch in self._read((select if large else select.distinct()).where(condition), columns):
                    once = pa.Table.from_batches([batch]).group_by(batch.schema.names, use_threads=False).aggregate([])
                    for part in once.combine_chunks().to_batches():
                        yield seen.fresh(part, next(numbers))

    def _select(self, columns: Sequence[Column]) -> sa.Select[tuple[object, ...]]:
        clause = self._selection.clause
        chosen = [expression(clause, column.name) for column in columns] or [sa.literal_column("1")]
        return sa.select(*chosen).select_from(clause)

    def _order(self) -> list[sa.ColumnElement[object]]:
        return [self._selection.clause.c[name] for name in self._table.primary_key]

    def _read(self, select: sa.Select[tuple[object, ...]], columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        with closing(self._wire.stream(select, self._table.name, columns)) as stream:
            yield from stream
