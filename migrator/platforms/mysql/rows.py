"""Reading rows: statements run one after the other, what they overlap in given once, raw values made Arrow."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from migrator.contracts import Predicate, Whole
from migrator.platforms.mysql.conditions import Condition, conditions
from migrator.platforms.mysql.pages import is_paged, next_page
from migrator.platforms.mysql.reader import Reader
from migrator.platforms.mysql.seen import Seen
from migrator.platforms.mysql.types import Misfit, selected, to_array, wider
from migrator.platforms.relational.sqltext import listed, quoted
from storage.errors import Recast
from storage.schema import Column, Table
from storage.types import arrow_type

PAGE_ROWS = 65_536


class Selection:
    """The rows of one table that a predicate selects, each once."""

    def __init__(self, reader: Reader, table: Table, predicate: Predicate) -> None:
        self._reader = reader
        self._table = table
        self._predicate = predicate

    def batches(
        self, expressions: Sequence[str], *, ordered: bool = True, distinct: bool = False
    ) -> Iterator[pa.RecordBatch]:
        """The expressions over alias `t`, as the server writes their values."""
        if isinstance(self._predicate, Whole) and ordered and not distinct and is_paged(self._table):
            yield from self._pages(expressions)
            return
        found = conditions(self._table, self._predicate)
        first = list(itertools.islice(found, 2))
        if distinct and len(first) > 1:
            yield from _distinct(self.batches(expressions, ordered=False))
        elif len(first) > 1 and first[0].overlaps:
            yield from self._once(expressions, itertools.chain(first, found), ordered=ordered)
        else:
            for condition in itertools.chain(first, found):
                yield from self._stream(expressions, condition.sql, ordered=ordered, distinct=distinct)

    def totals(self, expressions: Sequence[str]) -> list[int]:
        """The sums of these expressions, of which each is 0 or 1, over the selected rows."""
        found = conditions(self._table, self._predicate)
        first = list(itertools.islice(found, 2))
        totals = [0] * len(expressions)
        if len(first) > 1 and first[0].overlaps:
            for batch in self._once(expressions, itertools.chain(first, found), ordered=False):
                sums = (pc.sum(pc.cast(pc.cast(column, pa.string()), pa.int64())).as_py() for column in batch.columns)
                totals = [total + (found or 0) for total, found in zip(totals, sums, strict=True)]
            return totals
        sums_sql = ", ".join(f"coalesce(sum({expression}), 0)" for expression in expressions)
        for condition in itertools.chain(first, found):
            row = self._reader.row(f"SELECT {sums_sql} FROM {self._live} WHERE {condition.sql}")
            totals = [total + int(value or 0) for total, value in zip(totals, row, strict=True)]
        return totals

    @property
    def _live(self) -> str:
        return f"{quoted(self._table.name)} t"

    def _stream(
        self, expressions: Sequence[str], condition: str, *, ordered: bool, distinct: bool = False, limit: str = ""
    ) -> Iterator[pa.RecordBatch]:
        asked = [f"{expression} AS c{i}" for i, expression in enumerate(expressions)] or ["1 AS c0"]
        key = listed(self._table.primary_key, "t.")
        order = f" ORDER BY {key}" if ordered and not distinct and key else ""
        rows = f"{'DISTINCT ' if distinct else ''}{', '.join(asked)} FROM {self._live} WHERE {condition}"
        return self._reader.stream(f"SELECT {rows}{order}{limit}", len(asked))

    def _pages(self, expressions: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """A whole table by its primary key: no statement is long, whoever waits for the rows."""
        key = [self._table.column(name) for name in self._table.primary_key]
        asked = [*expressions, *(f"t.{quoted(column.name)}" for column in key)]
        condition = "true"
        while True:
            rows, last = 0, None
            for last in self._stream(asked, condition, ordered=True, limit=f" LIMIT {PAGE_ROWS}"):
                rows += last.num_rows
                yield last.select(range(len(expressions)))
            if last is None or rows < PAGE_ROWS:
                return
            condition = next_page(key, [column[-1].as_py() for column in last.columns[len(expressions) :]])

    def _once(
        self, expressions: Sequence[str], overlapping: Iterator[Condition], *, ordered: bool
    ) -> Iterator[pa.RecordBatch]:
        statements = list(overlapping)
        names = sorted({name for condition in statements for name in condition.deciding})
        asked = [*expressions, *(f"t.{quoted(name)}" for name in names)]
        deciding = {c.rule: [len(expressions) + names.index(name) for name in c.deciding] for c in statements}
        with Seen(deciding) as seen:
            for number, condition in enumerate(statements):
                for batch in self._stream(asked, condition.sql, ordered=ordered):
                    yield seen.fresh(batch, condition.rule, number).select(range(len(expressions)))


def _distinct(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows no earlier batch had: every column decides."""
    first = next(batches, None)
    if first is None:
        return
    with Seen({0: range(first.num_columns)}) as seen:
        for number, batch in enumerate(itertools.chain([first], batches)):
            alone = pa.Table.from_batches([batch]).group_by(batch.schema.names, use_threads=False).aggregate([])
            for few in alone.to_batches():
                yield seen.fresh(few, 0, number)


def scan(
    reader: Reader, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None, distinct: bool = False
) -> Generator[pa.RecordBatch, None, None]:
    """The selected rows, typed as `table` has its columns; Recast where a value does not fit."""
    chosen = [table.column(name) for name in columns] if columns is not None else list(table.columns)
    asked = [selected(column, f"t.{quoted(column.name)}") for column in chosen]
    for batch in Selection(reader, table, predicate).batches(asked, distinct=distinct):
        if batch.num_rows:
            yield _typed(table, chosen, batch)


def _typed(table: Table, chosen: Sequence[Column], raw: pa.RecordBatch) -> pa.RecordBatch:
    if not chosen:
        return pa.RecordBatch.from_struct_array(pa.array([{}] * raw.num_rows, pa.struct([])))
    arrays = []
    for column, values in zip(chosen, raw.columns, strict=False):
        try:
            arrays.append(to_array(column, values))
        except Misfit as error:
            raise Recast(table.name, wider(column)) from error
    schema = pa.schema([(column.name, arrow_type(column.type)) for column in chosen])
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
