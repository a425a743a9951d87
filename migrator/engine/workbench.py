"""The DuckDB database a hop works in: on disk, bounded in memory, closed to files and network once it is open."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from mappings.quote import held_name, literal
from mappings.quote import identifier as quoted
from migrator.engine.held import given, held, held_schema, typed
from migrator.engine.large import LargeValues, readable
from migrator.engine.room import Room
from storage.errors import Fault
from storage.schema import Column, Type
from storage.scratch import scratch
from storage.types import arrow_type

_BATCH_ROWS, _BATCH_CELLS = 8_192, 1 << 18  # what reads batches makes objects of cells
_FILE = "work"


class Workbench:
    """Tables by schema and name; queries stream. One workbench serves one thread.

    Large values are held as handles (migrator.engine.large): tables and queries see those, `batches` gives the values.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, large: LargeValues, room: Room) -> None:
        self._connection = connection
        self._large = large
        self._room = room
        self._large_columns: dict[tuple[str, str], dict[str, str]] = {}

    def schema(self, name: str) -> None:
        self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(name)}")

    def large_columns(self, schema: str, table: str) -> dict[str, str]:
        """The columns of an ingested table that hold handles, with their DuckDB types."""
        return self._large_columns.get((schema, table), {})

    def ingest(self, schema: str, table: str, batches: Iterable[pa.RecordBatch], arrow_schema: pa.Schema) -> int:
        """Make `schema.table` of these batches, replacing what was there; returns the number of rows."""
        name = f"{quoted(schema)}.{quoted(table)}"
        self._connection.execute(f"DROP TABLE IF EXISTS {name}")
        carrier = self._read(f"CREATE TABLE {name} AS SELECT * FROM incoming", batches, arrow_schema)
        self._large_columns[schema, table] = carrier.large_columns
        return carrier.rows

    def append(self, schema: str, table: str, batches: Iterable[pa.RecordBatch], arrow_schema: pa.Schema) -> None:
        """Add these batches to `schema.table`, column by column in order."""
        name = f"{quoted(schema)}.{quoted(table)}"
        self._read(f"INSERT INTO {name} SELECT * FROM incoming", batches, arrow_schema)

    def insert(self, statement: str, batches: Iterable[pa.RecordBatch], arrow_schema: pa.Schema) -> int:
        """Run an INSERT that reads these batches as `incoming`; returns how many rows it inserted."""
        return self._read(statement, batches, arrow_schema).written

    def _read(self, statement: str, batches: Iterable[pa.RecordBatch], arrow_schema: pa.Schema) -> _Carrier:
        if not len(arrow_schema):
            arrow_schema, batches = _without_columns(batches)
        arrow_schema = held_schema(arrow_schema)
        carrier = _Carrier(batches, self._large)
        reader = pa.RecordBatchReader.from_batches(arrow_schema, carrier.checked(arrow_schema))
        self._connection.register("incoming", reader)
        try:
            carrier.written = int(self.one(statement))
        except (duckdb.Error, Fault):
            # DuckDB wraps what the iterator raised; the person should see the original
            if carrier.raised is not None:
                raise carrier.raised from None
            raise
        finally:
            self._connection.unregister("incoming")
        return carrier

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        self.values(statement, parameters)

    def one(self, query: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row."""
        row = self.row_of(query, parameters)
        return row[0] if row else None

    def row(self, query: str) -> tuple[Any, ...]:
        """The first row; the query has one."""
        return self.rows(query)[0]

    def row_of(self, query: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
        """The first row, or None."""
        rows = self.values(query, parameters)
        return rows[0] if rows else None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Every row, in memory: for results known to be short. A large value is said, not given: its size, its hash."""
        return [tuple(_said(value) for value in row) for row in self.values(query)]

    def values(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The same, every value as it is held."""
        with self._translated():
            # always to the end: an unfinished result blocks the connection
            return self._connection.execute(query, list(parameters)).fetchall()

    def batches(self, query: str) -> Iterator[pa.RecordBatch]:
        """The result as batches, streamed on a cursor of its own, so that other statements may run meanwhile."""
        with self._translated(), self._cursor() as cursor:
            # execute().to_arrow_reader() holds the whole result; a relation's reader streams
            found = cursor.sql(query)
            rows = min(_BATCH_ROWS, _BATCH_CELLS // len(found.columns) + 1)
            for batch in found.to_arrow_reader(rows):
                for start in range(0, max(len(batch), 1), rows):  # no fewer come than are computed at once
                    yield from self._large.given(given(batch.slice(start, rows)))

    def handle(self, value: Any) -> Any:
        """A value as tables of the workbench hold it, to be compared with one of theirs."""
        if not isinstance(value, (str, bytes)):
            return value
        return self._large.held(pa.array([value], pa.string() if isinstance(value, str) else pa.binary()))[0].as_py()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._connection.cursor() as cursor:
            cursor.execute(f"USE {_FILE}")
            yield cursor

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Where the machine is too small for the work, say so; any other error of DuckDB's is a bug of ours."""
        try:
            yield
        # a commit that finds no memory is a failed transaction
        except (duckdb.OutOfMemoryException, duckdb.TransactionException) as error:
            raise Fault(
                f"the workbench needs more than its {self._room.memory_mb} MB, or the disk has no room to spill",
                where=tempfile.gettempdir(),
                next="free space there, or point TMPDIR at a larger disk; if there is room, a table has"
                " too many columns, or too long rows, to be loaded: report it with the mapping",
            ) from error
        except duckdb.IOException as error:
            raise Fault(
                f"the workbench cannot write: {str(error).splitlines()[0]}",
                where=tempfile.gettempdir(),
                next="free space there, or point TMPDIR at a larger disk",
            ) from error
        except duckdb.Error:
            # DuckDB wraps what a function of ours raised
            if self._large.failed is not None:
                raise self._large.failed from None
            raise

    def arrow_schema(self, query: str) -> pa.Schema:
        """The schema the result's batches have."""
        with self._cursor() as cursor:
            found: pa.Schema = given(cursor.sql(f"SELECT * FROM ({query}) LIMIT 0").to_arrow_table()).schema
            return found

    def holds(self, schema: str, table: str) -> bool:
        """Whether there is such a table."""
        query = "SELECT count(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
        return bool(self.one(query, [held_name(schema), held_name(table)]))


def _said(value: Any) -> Any:
    return readable(value) if isinstance(value, str) else value


class _Carrier:
    """Batches on their way in: counts rows, sees which columns get handles, remembers what the producer raised."""

    def __init__(self, batches: Iterable[pa.RecordBatch], large: LargeValues) -> None:
        self._batches = batches
        self._large = large
        self.rows = 0
        self.written = 0
        self.large_columns: dict[str, str] = {}
        self.raised: BaseException | None = None

    def checked(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                self.rows += batch.num_rows
                kept = pa.RecordBatch.from_arrays(list(self._columns(batch)), schema=held_schema(batch.schema))
                yield kept if kept.schema == schema else kept.cast(schema)
        except BaseException as error:
            self.raised = error
            raise

    def _columns(self, batch: pa.RecordBatch) -> Iterator[pa.Array]:
        for name, column in zip(batch.schema.names, held(batch).columns, strict=True):
            kept = self._large.held(column)
            if kept is not column:
                self.large_columns[name] = "BLOB" if pa.types.is_binary(column.type) else "VARCHAR"
            yield kept


def _without_columns(batches: Iterable[pa.RecordBatch]) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """DuckDB has no table without columns: one that holds nothing stands in, so that rows still count."""
    schema = pa.schema([pa.field("migrator_row", pa.bool_())])
    return schema, (pa.record_batch([pa.nulls(batch.num_rows, pa.bool_())], schema=schema) for batch in batches)


@dataclass(frozen=True, kw_only=True)
class QueryKeys:
    """Keys that are the result of a workbench query (see migrator.contracts.Keys)."""

    workbench: Workbench
    query: str  # distinct, without NULL, ordered
    types: tuple[Type, ...]

    def batches(self) -> Iterator[pa.RecordBatch]:
        return (typed(batch, self.types) for batch in self.workbench.batches(self.query))

    def __len__(self) -> int:
        # as `batches`: a driver asks while the workbench takes in what it reads
        counted = self.workbench.batches(f"SELECT count(*) FROM ({self.query})")
        return sum(batch.column(0)[0].as_py() for batch in counted)


@dataclass(frozen=True, kw_only=True)
class FewKeys:
    """Keys that are few enough to stay as they were read (see migrator.contracts.Keys)."""

    keys: pa.Table
    types: tuple[Type, ...]

    @classmethod
    def among(cls, rows: Sequence[pa.RecordBatch], columns: Sequence[Column]) -> FewKeys:
        """What these rows have in these columns, each once, where all are filled."""
        names, types = [column.name for column in columns], tuple(column.type for column in columns)
        schema = pa.schema([(name, arrow_type(type_)) for name, type_ in zip(names, types, strict=True)])
        filled = pa.Table.from_batches(rows).select(names).cast(schema).drop_null()
        return cls(keys=filled.group_by(names, use_threads=False).aggregate([]).select(names), types=types)

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from self.keys.to_batches()

    def __len__(self) -> int:
        return int(self.keys.num_rows)


@contextmanager
def workbench(folder: Path | None = None, *, room: Room | None = None) -> Iterator[Workbench]:
    """A workbench in a temporary folder (under `folder`, else the system's), gone when the context ends.

    `room` is what its tables need, where they may be wide.
    """
    room = room or Room.of()
    with scratch("work", folder) as place:
        large = LargeValues(place)
        connection = duckdb.connect(
            config={
                "memory_limit": f"{room.memory_mb}MB",
                "threads": 1,
                "temp_directory": str(place / "spill"),
                "preserve_insertion_order": False,  # order costs memory, and nothing here depends on it
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        try:
            # attached, not opened: only so a file can be told how its tables are built
            file, groups = literal(str(place / "work.duckdb")), f"ROW_GROUP_SIZE {room.group_rows}"
            # nobody recovers it, and every log of a commit would be waited for until it is on the disk
            connection.execute(f"ATTACH {file} AS {_FILE} ({groups}, RECOVERY_MODE NO_WAL_WRITES)")
            connection.execute(f"USE {_FILE}")
            # an expression with a time zone means the same on every machine
            connection.execute("SET TimeZone = 'UTC'")
            # DuckDB's own bar, shown where it takes the program for a session, would stand on stdout among the results
            connection.execute("SET enable_progress_bar = false")
            large.provide(connection)
            # mappings carry SQL expressions of strangers: nothing they say may reach a file or change a setting
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            yield Workbench(connection, large, room)
        finally:
            connection.close()
            large.close()
