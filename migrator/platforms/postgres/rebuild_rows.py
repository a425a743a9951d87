"""Rows on their way into bare tables: by binary COPY, straight where every type of the table has a form of Arrow's.

Where one has none, the rows are copied into a temporary table first, its values as text, and the server reads them by
the type's own input: what it wrote, it reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pyarrow as pa

from migrator.platforms.postgres.copied import copied
from migrator.platforms.postgres.domains import BASE
from migrator.platforms.postgres.new_tables import Outline
from migrator.platforms.postgres.rebuild_names import Names
from migrator.platforms.postgres.rebuild_transaction import RebuildTransaction
from migrator.platforms.postgres.staging import Outgoing
from migrator.platforms.postgres.types import is_built_in, is_citext
from migrator.platforms.relational.sqltext import listed, literal, quoted
from storage.errors import MigratorError
from storage.schema import Column, Kind, Table

_TEMPORARY, _PASSING = "pg_temp", "migrator_rows"


class RebuildRows:
    """Fills the tables of one restore."""

    def __init__(self, transaction: RebuildTransaction, names: Names) -> None:
        self._transaction = transaction
        self._names = names
        self._bases: dict[str, str] = {}

    def fill(self, outline: Outline, batches: Iterable[pa.RecordBatch]) -> int:
        """Every column but those the server computes; how many rows."""
        computed = {one.column for one in outline.model.generated}
        columns = tuple(self._plain(column) for column in outline.table.columns if column.name not in computed)
        if not columns:
            return self._without_values(outline, sum(batch.num_rows for batch in batches))
        table = replace(outline.table, columns=columns)
        if all(_copied_as(column) == column.native for column in columns):
            home = self._names.home if table.schema is None else table.schema
            return self._copy(home, table.local_name, table, batches)
        return self._by_way_of_text(outline, table, batches)

    def _plain(self, column: Column) -> Column:
        """The column in the type its domain is made of: COPY knows no others, and asks for the conditions itself."""
        if is_built_in(column.native):
            return column
        if column.native not in self._bases:
            found = self._transaction.rows(BASE.format(native=literal(column.native)))
            self._bases[column.native] = str(found[0][0]) if found else column.native
        return replace(column, native=self._bases[column.native])

    def _copy(self, schema: str, name: str, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        names = list(table.column_names)
        outgoing = Outgoing(table.name, table, (batch.select(names) for batch in batches))
        arrow = pa.schema([pa.field(column.name, copied(column).arrow) for column in table.columns])
        try:
            self._transaction.copy(schema, name, pa.RecordBatchReader.from_batches(arrow, outgoing), table.name)
        except MigratorError:
            if outgoing.raised is not None:
                raise outgoing.raised from None
            raise
        return outgoing.rows

    def _by_way_of_text(self, outline: Outline, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        passing = f"{_TEMPORARY}.{_PASSING}"
        sent = ", ".join(f"{quoted(column.name)} {_copied_as(column)}" for column in table.columns)
        self._transaction.execute(f"CREATE TEMPORARY TABLE {_PASSING} ({sent}) ON COMMIT DROP", table.name)
        rows = self._copy(_TEMPORARY, _PASSING, table, batches)
        read = ", ".join(
            _read(column, outline.table.column(column.name).native)
            if _copied_as(column) != column.native
            else quoted(column.name)
            for column in table.columns
        )
        self._transaction.execute(
            f"INSERT INTO {self._names.table(table)} ({listed(table.column_names)})"
            f" OVERRIDING SYSTEM VALUE SELECT {read} FROM {passing}",
            table.name,
        )
        self._transaction.execute(f"DROP TABLE {passing}")
        return rows

    def _without_values(self, outline: Outline, rows: int) -> int:
        self._transaction.execute(
            f"INSERT INTO {self._names.table(outline.table)} SELECT FROM generate_series(1, {rows})", outline.table.name
        )
        return rows


def _read(column: Column, native: str) -> str:
    """A text by the type's own input. The cast to regclass looks a name up, and knows no number and no `-`.

    One of an unknown encoding from its bytes: red in a database that takes what is valid in its own encoding alone.
    """
    text = quoted(column.name)
    if column.type.kind is Kind.BINARY:
        return f"convert_from({text}, 'SQL_ASCII')::{native}"
    return f"regclassin(textout({text}))" if native == "regclass" else f"{text}::{native}"


def _copied_as(column: Column) -> str:
    """The type of the column that COPY fills: its own, where the wire form of that is what `copied` sends."""
    is_text_on_the_wire = column.type.kind is not Kind.BINARY and (bool(column.choices) or is_citext(column))
    return column.native if is_text_on_the_wire else copied(column).native
