"""The staging of one run: a schema of its own in the target, filled by binary COPY from Arrow, gone afterwards.

A staging table has the live columns' own types, so that what it holds is what the live table would hold, and no
constraint but the key. Nothing converts a value on the way in without being asked: where the wire form of a type is
not Arrow's, the text is copied and the server makes the value of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import replace

import adbc_driver_manager
import psycopg
import pyarrow as pa
from adbc_driver_manager.dbapi import Connection as ArrowConnection
from psycopg.errors import LockNotAvailable, UniqueViolation

from migrator.contracts import ACTION, EDGE, KEEP, Staged
from migrator.platforms.postgres.connect import (
    LOADING,
    Session,
    called,
    connect,
    connect_arrow,
    end_sessions,
    of_run,
    place,
    translated,
)
from migrator.platforms.postgres.copied import Misfit, copied
from migrator.platforms.postgres.domains import base_type
from migrator.platforms.postgres.helpers import end_helpers
from migrator.platforms.postgres.interruptible import batches_of
from migrator.platforms.postgres.types import selected
from migrator.platforms.postgres.wire import converted
from migrator.platforms.relational.kept import DAYS, going
from migrator.platforms.relational.keyed import keys_staged_twice, refused_for
from migrator.platforms.relational.sqltext import listed, literal, quoted
from migrator.platforms.relational.transaction import shortened
from storage.errors import Red, TransientFault
from storage.schema import Column, Kind, Table, Type

PREFIX = "migrator_stage:"
_KEPT = "kept until "
"""How the comment of a schema begins that a run may go on with; seconds since 1970 follow."""

_WIRE_BYTES = 2 << 20
_EXTRA = (
    Column(name=ACTION, type=Type(kind=Kind.TEXT), native="text"),
    Column(name=EDGE, type=Type(kind=Kind.INTEGER), native="bigint"),
)


def schema_name(run: str) -> str:
    """The schema a run stages in."""
    return shortened(f"{PREFIX}{run}")


def stage_name(run: str, staged: Staged) -> str:
    """The quoted name of a table's staging."""
    return f"{quoted(schema_name(run))}.{quoted(shortened(staged.table.name))}"


class PostgresStaging:
    """See migrator.contracts.Staging. Its tables are unlogged: a crash of the server empties them."""

    def __init__(
        self, url: str, run: str, connection: psycopg.Connection, *, session: Session, keep: bool = False
    ) -> None:
        self._url = url
        self._session = session
        self._run = run
        self._connection = connection
        self._keep = keep

    def stage(self, staged: Staged, batches: Iterable[pa.RecordBatch]) -> int:
        table = self._table(staged)
        name = stage_name(self._run, staged)
        columns = ", ".join(f"{quoted(column.name)} {copied(column).native}" for column in table.columns)
        with translated(f"{place(self._url)}, table {staged.table.name}"):
            self._take(staged)
            self._connection.execute(f"DROP TABLE IF EXISTS {name}".encode())
            self._connection.execute(f"CREATE UNLOGGED TABLE {name} ({columns})".encode())
            count = self._copy(staged, table, batches)
            self._convert(staged, table.columns, name)
            self._require_domains(staged, name)
            self._index(staged, name)
            self._connection.execute(f"ANALYZE {name}".encode())
        return count

    def _take(self, staged: Staged) -> None:
        """From here on nobody else writes what is staged of this table."""
        end_helpers(self._connection, schema_name(self._run), staged.table.name)

    def _writing(self) -> AbstractContextManager[ArrowConnection]:
        return closing(connect_arrow(self._url, self._session))

    def _copy(self, staged: Staged, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        schema = pa.schema([pa.field(column.name, copied(column).arrow) for column in table.columns])
        outgoing = Outgoing(staged.table.name, table, batches)
        reader = pa.RecordBatchReader.from_batches(schema, outgoing)
        with self._writing() as arrow, closing(arrow.cursor()) as cursor:
            try:
                cursor.adbc_ingest(
                    shortened(staged.table.name), reader, mode="append", db_schema_name=schema_name(self._run)
                )
            except adbc_driver_manager.Error:
                if outgoing.raised is not None:
                    raise outgoing.raised from None
                raise
        return outgoing.rows

    def _table(self, staged: Staged) -> Table:
        """The staged columns in the target's types but without a domain's constraints, then ACTION and EDGE."""
        declared = [staged.table.column(name) for name in staged.columns]
        own = (replace(column, native=base_type(self._connection, column.native)) for column in declared)
        schema = schema_name(self._run)
        return Table(name=f"{schema}.{shortened(staged.table.name)}", columns=(*own, *_EXTRA), schema=schema)

    def _convert(self, staged: Staged, columns: Sequence[Column], name: str) -> None:
        """Let the server read those values that came as text."""
        changed = [column for column in columns if copied(column).native != column.native]
        if not changed:
            return
        changes = [f"ALTER COLUMN {quoted(c.name)} TYPE {c.native} USING {quoted(c.name)}::{c.native}" for c in changed]
        try:
            self._connection.execute(f"ALTER TABLE {name} {', '.join(changes)}".encode())
        except psycopg.errors.DataError:
            for column in changed:
                self._require(staged, column, name)
            raise

    def _require_domains(self, staged: Staged, name: str) -> None:
        """What will be written fulfils a domain's constraints; a row that is kept need not."""
        for column in (staged.table.column(column) for column in staged.columns):
            if base_type(self._connection, column.native) != column.native:
                self._require(staged, column, f"{name} WHERE {quoted(ACTION)} <> '{KEEP}'")

    def _require(self, staged: Staged, column: Column, source: str) -> None:
        """Red where the server does not take one of the values."""
        try:
            self._connection.execute(f"SELECT count({quoted(column.name)}::{column.native}) FROM {source}".encode())
        except (psycopg.errors.DataError, psycopg.errors.IntegrityError) as error:
            raise Red(
                f"the target cannot take a value: {error.diag.message_primary}",
                where=f"{staged.table.name}.{column.name}",
                next="add a cast to the mapping; nothing was loaded",
            ) from error

    def _index(self, staged: Staged, name: str) -> None:
        if not staged.key:
            return
        try:
            self._connection.execute(f"CREATE UNIQUE INDEX ON {name} ({listed(staged.key)})".encode())
        except UniqueViolation as error:
            twice = self._connection.execute(keys_staged_twice(staged, name).encode()).fetchall()
            raise refused_for(staged, twice) from error

    def scan(self, staged: Staged) -> Iterator[pa.RecordBatch]:
        table = self._table(staged)
        values = [selected(column, f"t.{quoted(column.name)}") for column in table.columns]
        named = ", ".join(f"{value} AS c{i}" for i, value in enumerate(values))
        with (
            closing(connect_arrow(self._url, self._session)) as arrow,
            closing(arrow.cursor()) as cursor,
            translated(place(self._url)),
        ):
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_WIRE_BYTES)})
            cursor.execute(f"SELECT {named} FROM {stage_name(self._run, staged)} t")
            for batch in batches_of(cursor, cursor.fetch_record_batch()):
                yield from converted(batch, table, table.columns)

    def note(self, staged: Staged, word: str) -> None:
        name = stage_name(self._run, staged)
        with translated(place(self._url)):
            rows = self._rows(staged)
            self._connection.execute(f"COMMENT ON TABLE {name} IS {literal(f'{rows} {word}')}".encode())
            self.touch()

    def noted(self, staged: Staged) -> str | None:
        query = f"SELECT obj_description(to_regclass({literal(stage_name(self._run, staged))}), 'pg_class')"
        with translated(place(self._url)):
            row = self._connection.execute(query.encode()).fetchone()
            rows, _, word = (row[0] if row and row[0] else "").partition(" ")
            return word if word and self._rows(staged) == int(rows) else None

    def _rows(self, staged: Staged) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM {stage_name(self._run, staged)}".encode()).fetchone()
        return int(row[0]) if row else 0

    def touch(self) -> None:
        """Say how long it is to be kept, by the server's clock."""
        if self._keep:
            query = f"SELECT extract(epoch FROM now() + interval '{DAYS} days')::bigint"
            row = self._connection.execute(query.encode()).fetchone()
            told = f"{_KEPT}{row[0] if row else 0}"
            comment = f"COMMENT ON SCHEMA {quoted(schema_name(self._run))} IS {literal(told)}"
            self._connection.execute(comment.encode())


class Outgoing:
    """Batches on their way to the wire: counted, and what went wrong with one remembered, since ADBC only says that."""

    def __init__(self, told: str, table: Table, batches: Iterable[pa.RecordBatch]) -> None:
        self._told = told
        self._table = table
        self._batches = batches
        self.rows = 0
        self.raised: BaseException | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                self.rows += batch.num_rows
                yield self._on_the_wire(batch)
        except BaseException as error:
            self.raised = error
            raise

    def _on_the_wire(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = []
        for column, array in zip(self._table.columns, batch.columns, strict=True):
            try:
                arrays.append(copied(column).converted(array))
            except Misfit as error:
                raise Red(
                    f"a value does not fit {column.native}: {error}",
                    where=f"{self._told}.{column.name}",
                    next="add a cast step to this column, or reject these rows with a reason",
                ) from error
        return pa.RecordBatch.from_arrays(arrays, names=list(self._table.column_names))


# ── the schema ──────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def staging(url: str, run: str, *, keep: bool = False) -> Iterator[PostgresStaging]:
    """See migrator.contracts.Target.staging; what dead runs left is swept at the start.

    TransientFault where another process has the same run's staging open: a lock of its session says so.
    """
    name, session = schema_name(run), of_run(LOADING, run)
    with closing(connect(url, session)) as connection, translated(place(url)):
        sweep(connection)
        if not _lock(connection, name):
            raise TransientFault(
                "another process is loading this run", where=run, next="wait for it to finish, then repeat"
            )
        if not keep:
            _drop(connection, name)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(name)}".encode())
        opened = PostgresStaging(url, run, connection, session=session, keep=keep)
        opened.touch()
        with going(lambda: _leave(connection, name), keep=keep):
            yield opened


def _leave(connection: psycopg.Connection, name: str) -> None:
    with suppress(psycopg.OperationalError):  # the connection is lost: the next run sweeps
        _drop(connection, name)


def sweep(connection: psycopg.Connection) -> None:
    """Remove the staging of runs that died, but what is kept; one whose session lives is somebody's and stays."""
    found = connection.execute(
        "SELECT nspname FROM (SELECT nspname, obj_description(oid, 'pg_namespace') AS told FROM pg_namespace"
        f" WHERE nspname ^@ {literal(PREFIX)} AND pg_has_role(nspowner, 'USAGE')) s"
        f" WHERE CASE WHEN told ^@ {literal(_KEPT)} THEN"
        f" to_timestamp(substr(told, {len(_KEPT) + 1})::float8) < now() ELSE true END".encode()
    ).fetchall()
    _sweep(connection, [name for (name,) in found])


def sweep_runs(connection: psycopg.Connection, runs: Collection[str], *, are_over: bool = False) -> int:
    """See migrator.contracts.Target.sweep."""
    by_name = {schema_name(run): run for run in runs}
    rows = connection.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname = ANY(%s) AND pg_has_role(nspowner, 'USAGE')", [list(by_name)]
    ).fetchall()
    found = [name for (name,) in rows]
    for name in found if are_over else ():
        end_sessions(connection, called(by_name[name]))
        with suppress(LockNotAvailable):
            connection.execute(f"SELECT pg_advisory_lock({_number(name)})".encode())
            _unlock(connection, name)
    return _sweep(connection, found)


def _sweep(connection: psycopg.Connection, names: Iterable[str]) -> int:
    swept = 0
    for name in names:
        if _lock(connection, name):
            with suppress(LockNotAvailable):  # what a dead run had begun goes on for a moment: the next one sweeps
                _drop(connection, name)
                swept += 1
            _unlock(connection, name)
    return swept


def _drop(connection: psycopg.Connection, name: str) -> None:
    end_helpers(connection, name)
    connection.execute(f"DROP SCHEMA IF EXISTS {quoted(name)} CASCADE".encode())


def _lock(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute(f"SELECT pg_try_advisory_lock({_number(name)})".encode()).fetchone()
    return bool(row and row[0])


def _unlock(connection: psycopg.Connection, name: str) -> None:
    connection.execute(f"SELECT pg_advisory_unlock({_number(name)})".encode())


def _number(name: str) -> str:
    return f"hashtextextended({literal(name)}, 0)"
