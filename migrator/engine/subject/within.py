"""A source as if nobody but the tenant were in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa

from migrator.contracts import ColumnCensus, Predicate, Reading
from migrator.engine.classify import FOREIGN, OWNED
from migrator.engine.scope import Resolved
from migrator.engine.subject.taken import Taken
from storage.model import Model
from storage.schema import Table


class Within:
    """A `contracts.Reading` of the tenant's own rows, and of shared ones that these point at; no other row exists.

    Whatever a predicate selects, the rows are held against the tenant's key sets before anybody sees or counts them.
    """

    def __init__(self, reading: Reading, tenant: Resolved, taken: Taken) -> None:
        self.fence = reading.fence
        classes = tenant.classified.classes
        names = [name for name in reading.schema.table_names if classes[name] != FOREIGN]
        # as the tenant's keys were found to be typed
        self.schema = replace(reading.schema, tables=tuple(map(tenant.closure.table, names)))
        self._reading = reading
        self._tenant = tenant
        self._taken = taken

    def census(self, table: Table, predicate: Predicate) -> tuple[Table, tuple[ColumnCensus, ...]]:
        return self._reading.census(table, self._narrowed(table, predicate, table.column_names))

    def count(self, table: Table, predicate: Predicate) -> int:
        told_by = self._taken.columns(table.name) if self._taken.holds(table.name) else ()
        return sum(batch.num_rows for batch in self.scan(table, predicate, columns=told_by))

    def model(self, tables: Collection[str]) -> Model:
        return self._reading.model(tables)

    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None, distinct: bool = False
    ) -> Iterator[pa.RecordBatch]:
        if distinct:  # spellings and types, no rows: they are looked up among the tenant's afterwards
            yield from self._reading.scan(table, predicate, columns=columns, distinct=True)
            return
        if not self._taken.holds(table.name):
            return
        wanted = list(table.column_names if columns is None else columns)
        needed = {*wanted, *self._taken.columns(table.name)}
        asked = [name for name in table.column_names if name in needed]
        for batch in self._reading.scan(table, self._narrowed(table, predicate, asked), columns=asked):
            yield self._taken.among(table, batch).select(wanted)

    def _narrowed(self, table: Table, predicate: Predicate, asked: Collection[str]) -> Predicate:
        """What selects the same of the tenant's rows, and no others whose values somebody would look at.

        A row whose key was found is the tenant's; of a row without one, only what it holds says so.
        """
        told_by = self._taken.columns(table.name)
        if table.primary_key or not told_by or set(asked) <= set(told_by) or not self._taken.holds(table.name):
            return predicate
        if self.count(table, predicate) == self._reading.count(table, predicate):
            return predicate
        return self._taken.selecting(table, self.scan(table, predicate, columns=told_by))

    def own(self, table: Table, *, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """All of the tenant's own rows of a table: as `scan`, and without asking about rows that their keys select."""
        rows = self._reading if table.primary_key else self
        return rows.scan(table, self._tenant.closure.predicate(table.name, OWNED), columns=columns)
