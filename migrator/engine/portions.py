"""The archived tables as a mapping sees them, whole or a portion after the other, each value itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from mappings.compiled import CompiledEdge
from mappings.quote import identifier as quoted
from migrator.engine.large import size_aside, whole_sql
from migrator.engine.workbench import Workbench
from storage.archive import Archive

PORTION = 32_768
"""Rows of a source table mapped at a time."""

PORTION_BYTES = 8 << 20
"""Bytes of large values in them, of a row at least."""


def portions(bench: Workbench, archive: Archive, edge: CompiledEdge) -> Iterator[None]:
    """Show the edge one portion of its source table after the other, so that joins are built on the portion.

    Whole, an edge with several key remaps would hold as many whole crosswalks in memory at once, and all its large
    values. An edge that looks values up in its own source table sees it whole.
    """
    looked_up = {table for column in edge.columns for step in column.mapping.steps for table, _ in step.looked_up()}
    return iter((None,)) if edge.source in looked_up else _one_after_the_other(bench, archive, edge.source)


def affordable(bench: Workbench, archive: Archive, table: str) -> Iterator[None]:
    """Show a source table in portions where it has large values, else whole: for what asks every row by itself."""
    return _one_after_the_other(bench, archive, table) if bench.large_columns("arc", table) else iter((None,))


def _one_after_the_other(bench: Workbench, archive: Archive, table: str) -> Iterator[None]:
    rows = archive.table(table).rows
    starts = tuple(portion_starts(bench, table, rows))
    if len(starts) < 2:
        yield
        return
    with taken_apart(bench, table) as shown:
        for start, end in pairwise((*starts, rows)):
            if end - start == 1:
                shown.row(start)
            else:
                shown.rows(f"rowid >= {start} AND rowid < {end}")
            yield


def counted(bench: Workbench, archive: Archive, table: str, query: str) -> int:
    """What a query that counts rows of a source table says."""
    return sum(int(bench.one(query)) for _ in affordable(bench, archive, table))


def portion_starts(bench: Workbench, table: str, rows: int) -> Iterator[int]:
    """The first row of every portion of an archived table of so many rows."""
    start = total = 0
    yield start
    for row, size in _sizes(bench, table) if bench.large_columns("arc", table) else ():
        while row - start >= PORTION:
            start, total = start + PORTION, 0
            yield start
        if row > start and total + size > PORTION_BYTES:
            start, total = row, 0
            yield start
        total += size
        if size > PORTION_BYTES and row + 1 < rows:  # such a row stands alone
            start, total = row + 1, 0
            yield start
    yield from range(start + PORTION, rows, PORTION)


def _sizes(bench: Workbench, table: str) -> Iterator[tuple[int, int]]:
    """The rows that have large values, in their order, and how many bytes of them."""
    sizes = ", ".join(size_aside(quoted(name), type_) for name, type_ in bench.large_columns("arc", table).items())
    query = f"SELECT rowid, list_sum([{sizes}])::BIGINT AS size FROM arc.{quoted(table)} WHERE size > 0 ORDER BY rowid"
    for batch in bench.batches(query):
        yield from zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True)


class Shown:
    """What a mapping sees of an archived table: `src."table"`, all of it until something less is shown."""

    def __init__(self, bench: Workbench, table: str) -> None:
        self._bench = bench
        self._table = table
        self._kind = "VIEW"

    def rows(self, condition: str) -> None:
        """Only the rows that satisfy it; joins are planned by their number."""
        self._drop()
        self._kind = "TABLE"
        self._bench.execute(f"CREATE TABLE {self._name} AS {_whole_rows(self._bench, self._table)} WHERE {condition}")

    def row(self, number: int) -> None:
        """Only that row, which may have values larger than the workbench: they are made when they are asked for."""
        self._drop()
        rows = _whole_rows(self._bench, self._table, "rowid, *")
        self._bench.execute(f"CREATE VIEW {self._name} AS {rows} WHERE rowid = {number}")

    def all(self) -> None:
        self._drop()
        show_all(self._bench, self._table)

    @property
    def _name(self) -> str:
        return f"src.{quoted(self._table)}"

    def _drop(self) -> None:
        self._bench.execute(f"DROP {self._kind} IF EXISTS {self._name}")
        self._kind = "VIEW"


@contextmanager
def taken_apart(bench: Workbench, table: str) -> Iterator[Shown]:
    """Shows what the context asks for of an archived table, and all of it again at the end."""
    shown = Shown(bench, table)
    try:
        yield shown
    finally:
        shown.all()


def show_all(bench: Workbench, table: str) -> None:
    """Make `src."table"`: all rows, each value itself."""
    bench.execute(f"CREATE OR REPLACE VIEW src.{quoted(table)} AS {_whole_rows(bench, table, 'rowid, *')}")


def _whole_rows(bench: Workbench, table: str, columns: str = "*") -> str:
    whole = ", ".join(
        f"{whole_sql(quoted(name), type_)} AS {quoted(name)}"
        for name, type_ in bench.large_columns("arc", table).items()
    )
    return f"SELECT {columns} {f'REPLACE ({whole}) ' if whole else ''}FROM arc.{quoted(table)}"
