"""Rows of a person's export on their last way into the archive: without the columns that the plan withholds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from storage.schema import ForeignKey, Table


@dataclass(frozen=True, kw_only=True)
class WithheldColumn:
    """A column that is not in the export though its table is, and why."""

    table: str
    column: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Withheld:
    """`columns` of all tables; an export without any passes as it is. None of them is part of a primary key."""

    columns: tuple[WithheldColumn, ...] = ()

    def of(self, name: str) -> frozenset[str]:
        """The columns of one table that stay behind."""
        return frozenset(one.column for one in self.columns if one.table == name)

    def described(self, table: Table) -> Table:
        """The table as the archive describes it: no key leads over a column that is not there."""
        if not self.columns:
            return table
        hidden = self.of(table.name)
        return replace(
            table,
            columns=tuple(column for column in table.columns if column.name not in hidden),
            unique=tuple(key for key in table.unique if hidden.isdisjoint(key.columns)),
            foreign_keys=tuple(key for key in table.foreign_keys if self._leads(key, hidden)),
        )

    def _leads(self, key: ForeignKey, hidden: Collection[str]) -> bool:
        return set(key.columns).isdisjoint(hidden) and self.of(key.parent).isdisjoint(key.parent_columns)

    def passing(self, table: Table, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches of one reading of the table, without those columns."""
        hidden = self.of(table.name)
        names = [name for name in table.column_names if name not in hidden]
        return (batch.select(names) if hidden else batch for batch in batches)
