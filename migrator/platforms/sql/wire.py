"""One connection that holds one result at a time: who asks next has the one before kept on disk first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Any

import pyarrow as pa
import sqlalchemy as sa

from migrator.platforms.sql.connect import Address, translated
from migrator.platforms.sql.types import Misfit, may_be_large, to_array
from storage.errors import Recast
from storage.schema import Column

BATCH_ROWS = 8_192
BATCH_BYTES = 8 << 20
_FETCHED_AT_ONCE, _FETCHED_IF_LARGE = 2_048, 8


class Wire:
    """Statements of one transaction; many drivers give up the rest of a result when the next statement starts."""

    def __init__(self, connection: sa.Connection, address: Address) -> None:
        self._connection = connection
        self._address = address
        self._open: Stream | None = None

    def row(self, select: sa.Select[Any]) -> Sequence[Any]:
        """The only row of a result."""
        self._settle()
        with translated(self._address):
            return self._connection.execute(select).one()

    def rows(self, select: sa.Select[Any]) -> Sequence[Sequence[Any]]:
        """Every row, in memory: for results known to be short."""
        self._settle()
        with translated(self._address):
            return self._connection.execute(select).all()

    def stream(self, select: sa.Select[Any], table: str, columns: Sequence[Column]) -> Stream:
        """The result as batches of these columns; raises Recast where a value does not fit its column."""
        self._settle()
        self._open = Stream(self._batches(select, table, columns))
        return self._open

    @contextmanager
    def settled(self) -> Iterator[sa.Connection]:
        """The connection itself, which then gives no result of this wire's."""
        self._settle()
        with translated(self._address):
            yield self._connection

    def _settle(self) -> None:
        if self._open:
            self._open.settle()
            self._open = None

    def _batches(self, select: sa.Select[Any], table: str, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        large = any(may_be_large(column.type) for column in select.selected_columns)
        fetched = _FETCHED_IF_LARGE if large else _FETCHED_AT_ONCE
        options = {"stream_results": True, "max_row_buffer": fetched}
        with translated(self._address), self._connection.execute(select, execution_options=options) as result:
            for rows in _groups(result, fetched):
                yield _batch(table, columns, rows)


class Stream:
    """The batches of one statement, from the connection or, once settled, from the disk."""

    def __init__(self, live: Iterator[pa.RecordBatch]) -> None:
        self._live = live
        self._kept: IO[bytes] | None = None
        self._raised: Recast | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        yield from self._live
        if self._kept:
            self._kept.seek(0)
            yield from pa.ipc.open_stream(self._kept)
        if self._raised:
            raise self._raised

    def settle(self) -> None:
        """Take what is left off the connection, so that another statement may use it."""
        writer = None
        try:
            for batch in self._live:
                if writer is None:
                    self._kept = TemporaryFile(prefix="migrator-rows-")  # noqa: SIM115 - closed by `close`
                    writer = pa.ipc.new_stream(self._kept, batch.schema)
                writer.write_batch(batch)
        except Recast as signal:  # meant for who reads these rows, and not for who asks next
            self._raised = signal
        if writer:
            writer.close()

    def close(self) -> None:
        """Give up what is left."""
        self._live.close()  # type: ignore[attr-defined]  # a generator: it closes the result
        if self._kept:
            self._kept.close()


def _groups(result: sa.CursorResult[Any], fetched: int) -> Iterator[list[Sequence[Any]]]:
    """Rows in groups of at most BATCH_ROWS whose texts and bytes stay near BATCH_BYTES."""
    group: list[Sequence[Any]] = []
    size = 0
    while rows := result.fetchmany(fetched):
        for row in rows:
            group.append(row)
            size += sum([len(value) for value in row if value.__class__ is str or value.__class__ is bytes])
            if size >= BATCH_BYTES or len(group) >= BATCH_ROWS:
                yield group
                group, size = [], 0
    if group:
        yield group


def _batch(table: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
    if not columns:
        return pa.RecordBatch.from_struct_array(pa.array([{}] * len(rows), pa.struct([])))
    try:
        arrays = [to_array(column, values) for column, values in zip(columns, zip(*rows, strict=True), strict=True)]
    except Misfit as misfit:
        raise Recast(table, misfit.column) from misfit
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns])
