"""A page of an archived table, as somebody asked for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore

import duckdb
import pyarrow as pa

from mappings.quote import identifier, literal
from migrator.engine.browse.question import FILE, ROW, Question, named
from migrator.engine.browse.shelf import Shelf
from migrator.engine.browse.wide import is_wide
from storage.archive import Archive, ArchivedTable
from storage.errors import Misuse
from storage.schema import Column, Held, Table
from storage.types import to_text

_MEMORY, _SORTED = "256MB", "8GB"
_at_once = BoundedSemaphore(4)  # each takes that much memory: many who look at once wait, the server stays small
_AT_ONCE = 10_000  # rows
_NO_NUMBERS = (float("inf"), float("-inf"))  # to a spreadsheet
_LONGEST = 2_000  # characters of a value on a page; what is longer is cut, and said


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A value as text; None is NULL. `is_cut` where there is more of it, `file` the hash of one that is a file."""

    text: str | None
    is_cut: bool = False
    file: str | None = None


@dataclass(frozen=True, kw_only=True)
class Page:
    """`matching` rows are asked for in all; `rows` are those of this page, cells in the order of `columns`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    matching: int


@dataclass(frozen=True, kw_only=True)
class Browser:
    shelf: Shelf

    def page(self, archive: Archive, table: str, question: Question, *, among: str | None = None) -> Page:
        """The rows somebody asks for; `among` those that satisfy a condition of a mapping, as SQL. Misuse where there
        is no such table or column, or a value is none of its column's; Red where the archive is damaged."""
        part = archive.table(table)
        question.require_sound(part.table)
        if not part.table.columns or not part.parquet:
            return Page(columns=part.table.column_names, rows=(), matching=part.rows)
        where, parameters = question.where(part.table)
        with self._reading(archive, part) as connection, _at_once, _understood(part):
            # to its end: an unfinished result blocks the connection
            rows = "rows" if among is None else _among(part.table, among)
            ((matching,),) = connection.execute(f"SELECT count(*) FROM {rows} WHERE {where}", parameters).fetchall()
            columns = ", ".join(named(part.table, name) for name in part.table.column_names)
            order = question.order(part.table)
            query = f"SELECT {columns} FROM {rows} WHERE {where} {order} LIMIT ? OFFSET ?"
            given = [*parameters, question.rows, question.after]
            found = connection.sql(query, params=given).to_arrow_table()
        return Page(
            columns=part.table.column_names,
            rows=tuple(_cells(found, part.table.columns)),
            matching=matching,
        )

    def rows(self, archive: Archive, table: str) -> Iterator[tuple[str | int | float | None, ...]]:
        """Every row of the table, in the archive's order: numbers as numbers where those are exact, else text."""
        part = archive.table(table)
        if not part.table.columns or not part.parquet:
            return
        with self._reading(archive, part) as connection:
            columns = ", ".join(named(part.table, name) for name in part.table.column_names)
            for batch in connection.sql(f"SELECT {columns} FROM rows").to_arrow_reader(_AT_ONCE):
                yield from zip(*map(_plain, batch.columns, part.table.columns), strict=True)

    @contextmanager
    def _reading(self, archive: Archive, part: ArchivedTable) -> Iterator[duckdb.DuckDBPyConnection]:
        """The table as `rows`; what does not fit into memory while it is sorted lies beside what is read."""
        with (
            self.shelf.table(archive, part) as files,
            self.shelf.room() as room,
            _connected(files, part.table, room) as connection,
        ):
            yield connection


def _among(table: Table, condition: str) -> str:
    """Those of `rows` that satisfy the condition, which knows the columns by their names."""
    # no column is held under a name that ends so
    file, row = f'"{FILE}^"', f'"{ROW}^"'
    held = ", ".join(f"{named(table, name)} AS {identifier(name)}" for name in table.column_names)
    back = ", ".join(f"{identifier(name)} AS {named(table, name)}" for name in table.column_names)
    known = f"SELECT {FILE} AS {file}, {ROW} AS {row}, {held} FROM rows"
    return f"(SELECT {file} AS {FILE}, {row} AS {ROW}, {back} FROM ({known}) WHERE {condition})"


@contextmanager
def _connected(files: Sequence[Path], table: Table, room: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The files as `rows`; nothing else can be read there."""
    connection = duckdb.connect(
        config={
            "memory_limit": _MEMORY,
            "threads": 1,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": str(room),
            "max_temp_directory_size": _SORTED,
        }
    )
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET allowed_directories = [{literal(str(files[0].parent))}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        listed = ", ".join(literal(str(file)) for file in files)
        # by their place: DuckDB takes `Order` and `order` for one name
        columns = ", ".join(named(table, name) for name in table.column_names)
        places = f"file_index AS {FILE}, file_row_number AS {ROW}"
        connection.execute(
            f"CREATE VIEW rows AS SELECT {columns}, {places} FROM read_parquet([{listed}]) AS part({columns})"
        )
        yield connection
    finally:
        connection.close()


@contextmanager
def _understood(part: ArchivedTable) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise Misuse(
            "so many rows cannot be sorted here",
            where=part.table.name,
            next="filter them first, or leave out the order",
        ) from error
    except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
        raise Misuse(
            f"a value that is looked for is none of its column's: {str(error).splitlines()[0]}",
            where=part.table.name,
            next="write it as it is shown there",
        ) from error


def _cells(found: pa.Table, columns: Sequence[Column]) -> Iterator[tuple[Cell, ...]]:
    shown = [_shown(cells.combine_chunks(), column) for cells, column in zip(found.columns, columns, strict=True)]
    return iter(zip(*shown, strict=True))


def _plain(cells: pa.Array, column: Column) -> list[str | int | float | None]:
    is_number = pa.types.is_integer(cells.type) or pa.types.is_float64(cells.type)
    if column.held is Held.FILES or is_number:
        return [str(value) if value in _NO_NUMBERS or value != value else value for value in cells.to_pylist()]
    return [*_texts(cells, column)]


def _shown(cells: pa.Array, column: Column) -> list[Cell]:
    if column.held is Held.FILES:
        return [Cell(text=text) for text in cells.to_pylist()]
    return [
        Cell(text=text[:_LONGEST], is_cut=True) if text is not None and len(text) > _LONGEST else Cell(text=text)
        for text in _texts(cells, column)
    ]


def _texts(cells: pa.Array, column: Column) -> list[str | None]:
    return list((cells if is_wide(column) else to_text(cells, column.type)).to_pylist())
