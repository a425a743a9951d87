"""One connection inside the fence. It serves one statement at a time: an open one steps aside when another comes.

A scan that is still being read when its connection is asked something else leaves what it has not given yet in a
temporary file, as it came, and goes on from there. So any number of scans may run beside each other in one snapshot
while memory stays flat; the usual case, one scan after the other, touches no disk.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from tempfile import TemporaryFile

import pyarrow as pa

from migrator.platforms.mysql.connect import Connection, Row

BATCH_ROWS = 8_192


class Reader:
    """Statements on one connection. A stream nobody holds any more does not count as open."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._streams: weakref.WeakSet[_Stream] = weakref.WeakSet()

    @property
    def is_idle(self) -> bool:
        """Whether no stream is being read."""
        return not any(stream.is_live for stream in self._streams)

    def freed(self) -> Connection:
        """The connection, for short queries until a stream is asked for."""
        self._step_aside()
        return self.connection

    def row(self, query: str) -> Row:
        """The only row of a short query."""
        self._step_aside()
        return self.connection.rows(query)[0]

    def stream(self, query: str, width: int) -> Iterator[pa.RecordBatch]:
        """The result's `width` columns as the server wrote them, binary, in batches of at most about 8 MiB."""
        self._step_aside()
        stream = _Stream(self.connection.stream(query, most=BATCH_ROWS), width)
        self._streams.add(stream)
        return stream

    def _step_aside(self) -> None:
        for stream in self._streams:
            stream.step_aside()


class _Stream(Iterator[pa.RecordBatch]):
    def __init__(self, groups: Iterator[list[Row]], width: int) -> None:
        schema = pa.schema([(f"c{i}", pa.binary()) for i in range(width)])
        self._schema = schema
        # it must not hold the stream itself: left half way, both go at once, and with them the statement
        self._batches: Iterator[pa.RecordBatch] = (_batch(group, schema) for group in groups)
        self.is_live = True

    def __next__(self) -> pa.RecordBatch:
        batch = next(self._batches, None)
        if batch is None:
            self.is_live = False
            raise StopIteration
        return batch

    def step_aside(self) -> None:
        """Take the rest off the connection."""
        if self.is_live:
            file = TemporaryFile(prefix="migrator-fence-")  # noqa: SIM115 - it lives as long as the stream does
            weakref.finalize(self, file.close)
            with pa.ipc.new_stream(file, self._schema) as writer:
                for batch in self._batches:
                    writer.write_batch(batch)
            file.seek(0)
            self._batches, self.is_live = iter(pa.ipc.open_stream(file)), False


def _batch(rows: Sequence[Row], schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [pa.array(values, pa.binary()) for values in zip(*rows, strict=True)], schema=schema
    )
