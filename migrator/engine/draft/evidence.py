"""What a draft looks at in the source: the first rows of a table, and how many of their values are keys of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from migrator.contracts import Among, Predicate, Reading, Whole
from migrator.engine.equality import with_column
from storage.errors import Recast, Red, Refused
from storage.schema import Kind, Table, Type
from storage.types import arrow_type

MOST_ROWS = 10_000
MOST_VALUES = 1_000
EVERY_ROW = Whole()
_SEVERAL, _LONG = 3, 12
_NOTHING = (0, "")  # what stands where there is nothing, in tables older than their foreign keys


@dataclass(frozen=True, kw_only=True)
class Values:
    """Distinct values of some columns, without NULL and what stands for it: `contracts.Keys`, at most MOST_VALUES."""

    types: tuple[Type, ...]
    keys: pa.RecordBatch
    whole: bool  # all there are
    unread: str = ""  # why none could be read

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield self.keys

    def __len__(self) -> int:
        return int(self.keys.num_rows)

    @property
    def tell(self) -> bool:
        """Whether they would hardly be the keys of a table by chance: several, and no numbers."""
        if len(self) < _SEVERAL or self.types[0].kind not in (Kind.UUID, Kind.TEXT):
            return False
        return bool(pc.min(pc.utf8_length(self.keys.column(0))).as_py() >= _LONG)

    def shown(self, most: int) -> tuple[str, ...]:
        """The first of them, as text."""
        return tuple(map(shown, self.keys.column(0)[:most].to_pylist()))


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The first rows of a table, some of its columns; `unread` says why there are none."""

    table: Table
    rows: pa.Table
    whole: bool  # every row of the table
    unread: str = ""

    def values(self, columns: Sequence[str], *, where: tuple[str, str] | None = None) -> Values:
        """The distinct values these columns have; `where` a column has a value, as text, alone."""
        rows = self.rows
        if where is not None:
            rows = rows.filter(pc.equal(pc.cast(rows[where[0]], pa.string()), where[1]))
        some = rows.select(list(columns)).drop_null()
        for name in columns:
            some = some.filter(pc.invert(_is_nothing(some[name])))
        distinct = some.group_by(list(columns), use_threads=False).aggregate([]).slice(0, MOST_VALUES + 1)
        keys = distinct.slice(0, MOST_VALUES).combine_chunks()
        return Values(
            types=tuple(self.table.column(name).type for name in columns),
            keys=pa.RecordBatch.from_arrays([_chunk(keys[name]) for name in columns], names=list(columns)),
            whole=self.whole and distinct.num_rows <= MOST_VALUES,
            unread=self.unread,
        )


def shown(value: object) -> str:
    """A value as a person reads it."""
    return value.hex() if isinstance(value, bytes) else str(value)


def _nothing_of(table: Table, columns: Sequence[str], unread: str) -> Sample:
    empty = pa.table({name: pa.array([], pa.null()) for name in columns})
    return Sample(table=table, rows=empty, whole=False, unread=unread)


def _is_nothing(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_integer(values.type) or pa.types.is_string(values.type):
        return pc.is_in(values, value_set=pa.array([_NOTHING[pa.types.is_string(values.type)]], values.type))
    return pa.chunked_array([pa.array([False] * len(values), pa.bool_())])


def _chunk(values: pa.ChunkedArray) -> pa.Array:
    return values.chunk(0) if values.num_chunks else pa.array([], values.type)


class Evidence:
    """Looks into a reading; what it costs follows the number of columns asked for, never the number of rows."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._asked: set[str] = set()
        self.unread: dict[str, str] = {}  # table → why it, or something of it, could not be read
        self.refused: dict[str, str] = {}  # those that the platform gives nothing of: they are not asked again

    def touch(self, table: Table) -> None:
        """Know whether the table can be read, where nothing asked it yet."""
        if table.name not in self._asked:
            self.sample(table, table.column_names[:1], most=1)

    def sample(
        self, table: Table, columns: Sequence[str], *, most: int = MOST_ROWS, where: Predicate = EVERY_ROW
    ) -> Sample:
        """The first rows in the order of their keys; none, with the reason, of a table that cannot be read."""
        self._asked.add(table.name)
        while table.name not in self.refused:
            try:
                return self._sample(table, columns, most, where)
            except Recast as recast:
                table = with_column(table, recast.column)
            except Red as error:
                self.unread[table.name] = error.what
                return _nothing_of(table, columns, error.what)
            except Refused as error:
                self._refuse(table, error)
        return _nothing_of(table, columns, self.refused[table.name])

    def _refuse(self, table: Table, error: Refused) -> None:
        self.unread[table.name] = self.refused[table.name] = error.what

    def _sample(self, table: Table, columns: Sequence[str], most: int, where: Predicate) -> Sample:
        batches: list[pa.RecordBatch] = []
        left = most + 1
        with closing(self._reading.scan(table, where, columns=columns)) as scanned:  # type: ignore[type-var]
            for batch in scanned:
                batches.append(batch.slice(0, left))
                left -= batch.num_rows
                if left <= 0:
                    break
        schema = pa.schema([(name, arrow_type(table.column(name).type)) for name in columns])
        rows = pa.Table.from_batches(batches) if batches else schema.empty_table()
        return Sample(table=table, rows=rows.slice(0, most), whole=left > 0)

    def found(self, values: Values, parent: Table, columns: Sequence[str]) -> int:
        """How many of these values some row of the parent has in `columns`, as the platform compares them."""
        if not len(values) or parent.name in self.refused:
            return 0
        try:
            count = self._reading.count(parent, Among(columns=tuple(columns), keys=values))
        except Refused as error:
            self._refuse(parent, error)
            return 0
        return min(count, len(values))
