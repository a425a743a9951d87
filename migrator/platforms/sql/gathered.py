"""What several statements gave, each row once, in a DuckDB file: keys in order, and the rows of tables without keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b

import duckdb
import pyarrow as pa

from migrator.platforms.relational.sqltext import listed
from storage.schema import Column, Type
from storage.scratch import scratch
from storage.types import arrow_type

_MEMORY = "64MB"
_BATCH_ROWS = 8_192


@contextmanager
def _database() -> Iterator[duckdb.DuckDBPyConnection]:
    with scratch("gathered") as folder:
        connection = duckdb.connect(str(folder / "rows.duckdb"), config={"memory_limit": _MEMORY, "threads": 1})
        try:
            yield connection
        finally:
            connection.close()


class GatheredKeys:
    """Primary keys found by several statements (see migrator.contracts.Keys): sorted, each once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> None:
        self._connection = connection
        self._columns = columns
        names = listed(column.name for column in columns)
        self._query = f"SELECT DISTINCT {names} FROM found ORDER BY {names}"

    @property
    def types(self) -> tuple[Type, ...]:
        return tuple(column.type for column in self._columns)

    def batches(self) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([pa.field(column.name, arrow_type(column.type)) for column in self._columns])
        with self._connection.cursor() as cursor:
            for batch in cursor.sql(self._query).to_arrow_reader(_BATCH_ROWS):
                yield batch.cast(schema)

    def __len__(self) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM ({self._query})").fetchone()
        return int(row[0]) if row else 0


@contextmanager
def gathered_keys(columns: Sequence[Column], batches: Iterator[pa.RecordBatch]) -> Iterator[GatheredKeys]:
    """The keys in these batches, kept on disk as long as the context is open."""
    schema = pa.schema([pa.field(column.name, arrow_type(column.type)) for column in columns])
    with _database() as connection:
        connection.register("incoming", schema.empty_table())
        connection.execute("CREATE TABLE found AS SELECT * FROM incoming")
        for batch in batches:
            connection.register("incoming", pa.Table.from_batches([batch]))
            connection.execute("INSERT INTO found SELECT * FROM incoming")
        connection.unregister("incoming")
        yield GatheredKeys(connection, columns)


class Seen:
    """Tells rows that an earlier statement gave from those that only look alike: equal rows all satisfy a condition."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        connection.execute("CREATE TABLE seen (row BLOB PRIMARY KEY, statement INTEGER)")

    def fresh(self, batch: pa.RecordBatch, statement: int) -> pa.RecordBatch:
        """The rows of the batch that no earlier statement gave; equal ones of this statement all stay."""
        hashes = [blake2b(repr(row).encode(), digest_size=16).digest() for row in zip(*_columns(batch), strict=True)]
        incoming = pa.table({"row": pa.array(hashes, pa.binary()), "position": pa.array(range(len(hashes)))})
        self._connection.register("incoming", incoming)
        kept = self._connection.execute(
            "SELECT position FROM incoming i LEFT JOIN seen s ON s.row = i.row"
            " WHERE s.statement IS NULL OR s.statement = ? ORDER BY position",
            [statement],
        ).fetchall()
        self._connection.execute("INSERT OR IGNORE INTO seen SELECT DISTINCT row, ? FROM incoming", [statement])
        self._connection.unregister("incoming")
        return batch.take(pa.array([position for (position,) in kept], pa.int64()))


def _columns(batch: pa.RecordBatch) -> list[list[object]]:
    return [array.to_pylist() for array in batch.columns]


@contextmanager
def seen_rows() -> Iterator[Seen]:
    """A memory of rows, as long as the context is open."""
    with _database() as connection:
        yield Seen(connection)
