"""An empty SQLite file that becomes an archive's, in one transaction: tables, rows, indexes, and a look at them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from migrator.platforms.relational.sqltext import listed, quoted
from migrator.platforms.sqlite import untold
from migrator.platforms.sqlite.connect import encoding_of, translated
from migrator.platforms.sqlite.empty import EmptyFile, empty_file
from migrator.platforms.sqlite.model import from_description
from migrator.platforms.sqlite.statements import create_index, create_table, outer_content
from migrator.platforms.sqlite.types import Misfit, placeholder, to_values
from migrator.platforms.sqlite.violations import violated
from storage.errors import Red
from storage.model import Check, Model, TableModel
from storage.problem import Problem
from storage.schema import Column, Kind, Table


@contextmanager
def rebuilding(path: Path, tables: Sequence[Table], model: Model) -> Iterator[SqliteRebuilding]:
    """See migrator.contracts.Target.rebuilding. A file that is not there is made, and removed if nothing came of it."""
    with translated(path), empty_file(path, model.options) as file:
        rebuilt = SqliteRebuilding(file, tables, model)
        rebuilt.create()
        yield rebuilt


class SqliteRebuilding:
    """See migrator.contracts.Rebuilding."""

    def __init__(self, file: EmptyFile, tables: Sequence[Table], model: Model) -> None:
        self._file = file
        self._connection = file.connection
        self._encoding = encoding_of(file.connection)
        self._model = model
        known = {one.table: one for one in model.tables}
        self._models = {table.name: known.get(table.name) or from_description(table) for table in tables}
        self._problems = list(untold.untold(tables, model))
        self._tables = [self._within(table) for table in tables]

    def create(self) -> None:
        """Every table, with all that must be said of it from the start."""
        for table in self._tables:
            self._create(table)

    def fill(self, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        if outer_content(self._models[table.name]):  # its rows are those of another table, and come with `finish`
            return sum(batch.num_rows for batch in batches)
        kept = self._kept(table)
        marks = ", ".join(self._placeholder(column) for column in kept)
        insert = f"INSERT INTO main.{quoted(table.name)} ({listed(column.name for column in kept)}) VALUES ({marks})"
        count = 0
        for batch in batches:
            values = [part for column in kept for part in self._values(table, column, batch)]
            self._insert(table, insert, values)
            count += batch.num_rows
        return count

    def finish(self) -> tuple[Problem, ...]:
        for table in self._tables:
            self._index(table)
        for table in self._tables:
            self._problems += violated(self._connection, table, self._models[table.name])
        self._file.keep()
        return tuple(self._problems)

    # ── tables ──────────────────────────────────────────────────────────────────────────────────────────────
    def _within(self, table: Table) -> Table:
        """Without references to tables that no archive brings: every write to the table would fail."""
        outside = [key for key in table.foreign_keys if key.parent not in self._models]
        for key in outside:
            self._problems.append(
                Problem(
                    where=f"{table.name}, foreign key {key.name}",
                    what=f"left out: it points at {key.parent}, which is not in the archive",
                    next="declare it once that table is there",
                )
            )
        return replace(table, foreign_keys=tuple(key for key in table.foreign_keys if key not in outside))

    def _create(self, table: Table) -> None:
        model = self._models[table.name] = self._able(table)
        try:
            self._execute(create_table(table, model), table.name)
        except sqlite3.OperationalError as error:
            raise Red(
                f"SQLite cannot have this table as it is described: {error}",
                where=table.name,
                next="a module or function it needs may be the product's own: restore with a SQLite that has it",
            ) from error

    def _able(self, table: Table) -> TableModel:
        """Without the checks that this SQLite does not know how to make: they may call functions of the product's."""
        model = self._models[table.name]
        if not model.checks or not self._refusal(table, model):
            return model
        refused = {check: self._refusal(table, replace(model, checks=(check,))) for check in model.checks}
        self._problems += [_left_out(table, check, error) for check, error in refused.items() if error]
        return replace(model, checks=tuple(check for check in model.checks if not refused[check]))

    def _refusal(self, table: Table, model: TableModel) -> sqlite3.OperationalError | None:
        """What SQLite says to that table; it is made and taken back."""
        self._connection.execute("SAVEPOINT refusal")
        try:
            self._execute(create_table(table, model), table.name)
        except sqlite3.OperationalError as error:
            return error
        finally:
            self._connection.execute("ROLLBACK TO refusal")
            self._connection.execute("RELEASE refusal")
        return None

    def _execute(self, statement: str, where: str) -> None:
        if "\0" in statement or any("\ud800" <= sign <= "\udfff" for sign in statement):
            raise Red("a name that no SQLite has", where=where, next="ask where this archive comes from")
        self._connection.execute(statement)

    def _index(self, table: Table) -> None:
        if outer_content(self._models[table.name]):
            self._connection.execute(f"INSERT INTO main.{quoted(table.name)} ({quoted(table.name)}) VALUES ('rebuild')")
        for index in self._models[table.name].indexes:
            if index.constraint:
                continue
            try:
                self._execute(create_index(table, index), table.name)
            except (sqlite3.OperationalError, sqlite3.IntegrityError) as error:
                self._problems.append(
                    Problem(
                        where=f"{table.name}, index {index.name}",
                        what=f"left out: {error}",
                        next="make it by hand; how it was declared stands in schema/model.json",
                    )
                )

    # ── rows ────────────────────────────────────────────────────────────────────────────────────────────────
    def _kept(self, table: Table) -> list[Column]:
        """The columns that are written; those the file computes are its own matter."""
        computed = {one.column for one in self._models[table.name].generated}
        return [column for column in table.columns if column.name not in computed]

    def _values(self, table: Table, column: Column, batch: pa.RecordBatch) -> list[list[object]]:
        try:
            values = to_values(batch.column(table.column_names.index(column.name)), column.type)
        except Misfit as error:
            raise Red(
                str(error), where=f"{table.name}.{column.name}", next="`migrator migrate` loads it with a mapping"
            ) from error
        if self._is_wide(column):
            values[0] = [None if raw is None else _stored(raw, self._encoding) for raw in values[0]]
        return values

    def _placeholder(self, column: Column) -> str:
        """A broken text goes in as the file stores it: SQLite takes a bound value for UTF-8, and a computed one not."""
        mark = placeholder(column.type)
        return mark.replace("CAST(?", "CAST(substr(?, 1)") if self._is_wide(column) else mark

    def _is_wide(self, column: Column) -> bool:
        return column.type.kind is Kind.VARIANT and self._encoding != "UTF-8"

    def _insert(self, table: Table, insert: str, values: Sequence[Sequence[object]]) -> None:
        try:
            self._connection.executemany(insert, zip(*values, strict=True))
        except sqlite3.IntegrityError as error:
            raise Red(
                f"the archived rows do not keep what their table declares: {error}",
                where=table.name,
                next="nothing was restored; `migrator migrate` loads them into a table that takes them",
            ) from error


def _left_out(table: Table, check: Check, error: sqlite3.OperationalError) -> Problem:
    return Problem(
        where=f"{table.name}, check {check.name or check.expression}",
        what=f"left out: {error}",
        next="the product that wrote the source may know what it means",
    )


def _stored(raw: object, encoding: str) -> bytes:
    assert isinstance(raw, bytes)
    return raw.decode("utf-8", "surrogatepass").encode(encoding, "surrogatepass")
