"""A PostgreSQL database as a source: one exported snapshot, read by as many connections as the plan allows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace

import psycopg
import pyarrow as pa

from migrator.contracts import ColumnCensus, Examination, Fence, Predicate, ReadLimits, TenantCandidate
from migrator.platforms.postgres import catalog
from migrator.platforms.postgres.census import census
from migrator.platforms.postgres.connect import Session, connect, place, translated
from migrator.platforms.postgres.describe import describe
from migrator.platforms.postgres.examine import examine_source
from migrator.platforms.postgres.exported import (
    BEGIN,
    HOLDING,
    NOTICED,
    Exported,
    HeldSnapshot,
    call,
    join,
    release,
    told_by,
)
from migrator.platforms.postgres.model import model_of
from migrator.platforms.postgres.readers import Readers
from migrator.platforms.postgres.relation import Relation, relations
from migrator.platforms.postgres.rows import Selection
from migrator.platforms.postgres.types import own_bytes, selected
from migrator.platforms.postgres.wire import converted
from migrator.platforms.relational.sqltext import quoted
from migrator.platforms.relational.tenants import candidates
from storage import moment
from storage.errors import Fault, Red
from storage.model import Model
from storage.schema import Column, Kind, Schema, Table, TableKind

_GENTLE = ReadLimits()


class PostgresSource:
    """See migrator.contracts.Source. It needs SELECT on the tables, and nothing else."""

    def __init__(self, url: str, limits: ReadLimits = _GENTLE) -> None:
        self._url = url
        self._limits = limits
        self._where = place(url)
        self._session = Session(read_only=True, statement_timeout_s=limits.statement_timeout_s, extra=NOTICED)

    def describe(self) -> Schema:
        with self._connected(self._session) as connection:
            return describe(connection)

    def tenants(self, is_likely: Callable[[str], bool]) -> tuple[TenantCandidate, ...]:
        with self.fence() as reading:
            return tuple(candidates(reading.schema, is_likely, reading.distinct))

    def examine(self, excluded: Collection[str] = (), views: Collection[str] = ()) -> Examination:
        with self._connected(self._session) as connection:
            return examine_source(connection, self._limits, excluded, views)

    @contextmanager
    def fence(self, only: str | None = None) -> Iterator[PostgresReading]:
        """A repeatable-read transaction that exports its snapshot and does nothing else until the context ends.

        `only` one table is known in it, where it is named: hundreds are not described to read each of them once.
        """
        with self._connected(self._session) as connection:
            connection.execute(BEGIN)
            exported = Exported.by(connection)
            with self._reading(connection, _fence(connection, exported, self._limits), exported, only) as reading:
                yield reading

    @contextmanager
    def join(self, fence: Fence) -> Iterator[PostgresReading]:
        """See Source. What is read is read in a snapshot of our own: who held it before may go."""
        with self._connected(self._session) as connection:
            exported = join(connection, fence)
            with self._reading(connection, replace(fence, handle=exported.handle), exported) as reading:
                yield reading

    @contextmanager
    def hold(self, fence: Fence) -> Iterator[HeldSnapshot]:
        with self._connected(HOLDING) as connection:
            yield HeldSnapshot(connection, fence, join(connection, fence))

    def release(self, fence: Fence) -> None:
        with self._connected(self._session) as connection:
            release(connection, fence)

    @contextmanager
    def _reading(
        self, connection: psycopg.Connection, fence: Fence, exported: Exported, only: str | None = None
    ) -> Iterator[PostgresReading]:
        call(connection, told_by(fence))
        schema, known = relations(connection, only)
        encoding = connection.info.parameter_status("server_encoding")
        with closing(Readers(self._url, self._session, exported, self._limits.max_connections)) as readers:
            yield PostgresReading(
                schema=schema, fence=fence, relations=known, readers=readers, is_raw=encoding == "SQL_ASCII"
            )

    @contextmanager
    def _connected(self, session: Session) -> Iterator[psycopg.Connection]:
        with closing(connect(self._url, session)) as connection, translated(self._where):
            yield connection


_LOG_POSITION = """
SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text
"""


def _fence(connection: psycopg.Connection, exported: Exported, limits: ReadLimits) -> Fence:
    position = connection.execute(_LOG_POSITION).fetchone()
    assert position
    return Fence(
        kind="postgresql-exported-snapshot",
        token=exported.token,
        taken_at=moment.now("microseconds"),
        isolation="repeatable read, read only",
        position=position[0],
        readers=limits.max_connections,
        handle=exported.handle,
    )


class PostgresReading:
    """See migrator.contracts.Reading. `is_raw`: the server does not know how its texts are encoded."""

    def __init__(
        self, *, schema: Schema, fence: Fence, relations: dict[str, Relation], readers: Readers, is_raw: bool = False
    ) -> None:
        self.schema = schema
        self.fence = fence
        self._relations = relations
        self._readers = readers
        self._is_raw = is_raw

    def census(self, table: Table, predicate: Predicate) -> tuple[Table, tuple[ColumnCensus, ...]]:
        found = census(table, self._selection(table, predicate))
        self._require_unmoved(table)
        return found

    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None, distinct: bool = False
    ) -> Iterator[pa.RecordBatch]:
        chosen = [table.column(name) for name in columns] if columns is not None else list(table.columns)
        expressions = [f"{self._selected(table, column)} AS c{i}" for i, column in enumerate(chosen)]
        statements = self._selection(table, predicate).statements(expressions, distinct=distinct)
        yield from self._readers.in_order(statements, lambda batch: converted(batch, table, chosen))
        self._require_unmoved(table)

    def _selected(self, table: Table, column: Column) -> str:
        name, declared = f"t.{quoted(column.name)}", self._relations[table.name].table.column(column.name)
        if self._is_raw and declared.type.kind is Kind.TEXT and not declared.choices:
            return own_bytes(declared, name)
        return selected(column, name)

    def count(self, table: Table, predicate: Predicate) -> int:
        statements = self._selection(table, predicate).totals(["count(*)"])
        found: int = sum(self._readers.ask(statement).column(0)[0].as_py() for statement in statements)
        self._require_unmoved(table)
        return found

    def model(self, tables: Collection[str]) -> Model:
        return model_of(self._readers.ask, self._relations, tables)

    def _require_unmoved(self, table: Table) -> None:
        """Fault where rows went past the snapshot: it protects against no TRUNCATE, rewrite or dropped partition."""
        relation = self._relations[table.name]
        for oid in self._beneath(relation):
            moved = self._readers.ask(catalog.MOVED.format(oid=oid, sql=relation.sql))
            if moved.column(0)[0].as_py():
                raise Fault(
                    "the table was truncated, rewritten or given other partitions while it was read: rows are missing",
                    where=table.name,
                    next="repeat the command, at an hour when nobody does that: the snapshot starts anew",
                )

    def _beneath(self, relation: Relation) -> Iterator[int]:
        """The table itself, or what a view reads. Red where that lies on another server, outside of the snapshot."""
        if relation.table.kind is not TableKind.VIEW:
            yield relation.oid
            return
        found = self._readers.ask(catalog.BENEATH.format(oid=relation.oid))
        for oid, is_foreign, name in zip(*(column.to_pylist() for column in found.columns), strict=True):
            if is_foreign:
                raise Red(
                    f"the view reads {name}, which lies on another server: what that holds at the fence cannot be told",
                    where=relation.table.name,
                    next="take it out of scope.views, or have it read a table of this database",
                )
            yield oid

    def distinct(self, table: Table, column: str) -> tuple[int, tuple[str, ...]]:
        """How many values the column has, and the first three."""
        name, relation = quoted(column), self._relations[table.name].sql
        count = self._readers.ask(f"SELECT count(DISTINCT {name}) FROM {relation} t").column(0)[0].as_py()
        few = f"SELECT DISTINCT {name} AS value FROM {relation} t ORDER BY 1 LIMIT 3"
        examples = self._readers.ask(f"SELECT value::text FROM ({few}) few ORDER BY few.value")
        return count, tuple(examples.column(0).to_pylist())

    def _selection(self, table: Table, predicate: Predicate) -> Selection:
        return Selection(relation=self._relations[table.name], predicate=predicate, ask=self._readers.ask)
