"""Two sets of rows, compared value by value: order-free sums first, and where they differ down to the cells.

Every value is compared as typed text (NULL is no text, '' is one, -0.0 is not 0.0). Rows with a key are summed per
bucket of keys and only the buckets that differ are joined; rows without a key are compared as multisets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from mappings.quote import identifier as quoted
from migrator.contracts import Staged
from migrator.engine.hashes import SUMS, cell, row_hash
from migrator.engine.workbench import Workbench
from migrator.outcomes import Difference, TableComparison
from storage.errors import Recast
from storage.schema import Kind, Table, Type
from storage.types import arrow_schema, to_variant

SHOWN = 20
"""Differences told per table; all are counted."""

_BUCKETS = 4096

Scan = Callable[[Table], Iterable[pa.RecordBatch]]
"""Reads the actual rows: the columns of the table it is given, typed as the table says; may raise Recast."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    comparison: TableComparison
    differences: tuple[Difference, ...]


def compare(workbench: Workbench, staged: Staged, expected: str, actual: Scan, *, others_too: bool = False) -> Compared:
    """`expected` is a query giving staged.columns; `others_too`: other people's rows may stand beside keyless ones."""
    sides = _Sides(workbench, staged)
    sides.take(expected, actual)
    return _Comparison(workbench, sides, others_too=others_too).run()


class _Sides:
    """`cmp.expected` and `cmp.actual`: the columns as the table types them, both sides alike."""

    def __init__(self, workbench: Workbench, staged: Staged) -> None:
        self._workbench = workbench
        self.staged = staged
        self.table = Table(name=staged.table.name, columns=tuple(staged.table.column(name) for name in staged.columns))
        self._recast: set[str] = set()

    def take(self, expected: str, actual: Scan) -> None:
        """Read both sides; a column whose actual values are not of the expected type is compared tagged."""
        self._workbench.schema("cmp")
        while True:
            try:
                self._workbench.ingest("cmp", "actual", actual(self.table), arrow_schema(self.table))
                break
            except Recast as recast:
                self._recast.add(recast.column.name)
                self.table = replace(
                    self.table,
                    columns=tuple(
                        replace(c, type=Type(kind=Kind.VARIANT)) if c.name == recast.column.name else c
                        for c in self.table.columns
                    ),
                )
        if self._recast:
            self._workbench.ingest("cmp", "expected", self._tagged(expected), arrow_schema(self.table))
        else:
            names = ", ".join(map(quoted, self.table.column_names))
            self._workbench.execute("DROP TABLE IF EXISTS cmp.expected")
            self._workbench.execute(f"CREATE OR REPLACE VIEW cmp.expected_rows AS SELECT {names} FROM ({expected})")
            return
        self._workbench.execute("CREATE OR REPLACE VIEW cmp.expected_rows AS SELECT * FROM cmp.expected")

    def _tagged(self, expected: str) -> Iterator[pa.RecordBatch]:
        for batch in self._workbench.batches(expected):
            arrays = [
                to_variant(array, self.staged.table.column(column.name).type)
                if column.name in self._recast
                else array.cast(arrow_schema(self.table).field(column.name).type)
                for column, array in zip(self.table.columns, batch.columns, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(self.table))


class _Comparison:
    def __init__(self, workbench: Workbench, sides: _Sides, *, others_too: bool) -> None:
        self._workbench = workbench
        self._sides = sides
        self._table = sides.table
        self._key = tuple(name for name in sides.staged.key)
        self._others_too = others_too

    def run(self) -> Compared:
        expected, actual = self._count("expected_rows"), self._count("actual")
        counts = self._by_key() if self._key else self._by_multiset()
        compared, different, differences = counts
        return Compared(
            comparison=TableComparison(
                table=self._table.name,
                expected=expected,
                actual=actual if self._key or not self._others_too else expected,
                compared=compared,
                different=different,
                columns=self._table.column_names,
                not_compared=tuple(self._left_out()),
            ),
            differences=differences,
        )

    def _left_out(self) -> Iterator[str]:
        for column in self._sides.staged.table.columns:
            if column.name not in self._table.column_names:
                yield f"{column.name}: the mapping does not fill it"
        if self._others_too:
            yield "equal rows of others: without a key, a row too many cannot be told from theirs"

    def _count(self, side: str) -> int:
        return int(self._workbench.one(f"SELECT count(*) FROM cmp.{side}"))

    # ── with a key ──────────────────────────────────────────────────────────────────────────────────────────
    def _by_key(self) -> tuple[int, int, tuple[Difference, ...]]:
        expected = self._count("expected_rows")
        self._workbench.execute(
            f"CREATE OR REPLACE TEMP TABLE differing AS SELECT coalesce(e.bucket, a.bucket) AS bucket"
            f" FROM ({self._sums('expected_rows')}) e FULL OUTER JOIN ({self._sums('actual')}) a ON a.bucket = e.bucket"
            f" WHERE (e.rows, e.low, e.high) IS DISTINCT FROM (a.rows, a.low, a.high)"
        )
        if not self._workbench.one("SELECT count(*) FROM differing"):
            return expected, 0, ()
        self._workbench.execute(f"CREATE OR REPLACE TEMP TABLE pairs AS {self._pairs()}")
        different = int(self._workbench.one("SELECT count(*) FROM pairs"))
        return expected, different, tuple(self._differences())

    def _sums(self, side: str) -> str:
        """Per bucket of keys: how many rows, and the sums of both halves of their 128-bit hashes."""
        hashed = row_hash("t", self._table.columns)
        return (
            f"SELECT bucket, count(*) AS rows, {SUMS}"
            f" FROM (SELECT {self._bucket('t')} AS bucket, {hashed} AS hash FROM cmp.{side} t) GROUP BY bucket"
        )

    def _bucket(self, alias: str) -> str:
        # both sides have the same types: equal keys hash alike, and that is all a bucket is for
        return f"(hash({', '.join(f'{alias}.{quoted(name)}' for name in self._key)}) % {_BUCKETS})::INTEGER"

    def _pairs(self) -> str:
        on = " AND ".join(f"e.{quoted(name)} = a.{quoted(name)}" for name in self._key)
        cells = ", ".join(
            f"{cell('e', column)} AS {quoted(f'e{i}')}, {cell('a', column)} AS {quoted(f'a{i}')}"
            for i, column in enumerate(self._table.columns)
        )
        differs = " OR ".join(
            f"{cell('e', column)} IS DISTINCT FROM {cell('a', column)}" for column in self._table.columns
        )
        missing, unexpected = f"a.{quoted(self._key[0])} IS NULL", f"e.{quoted(self._key[0])} IS NULL"
        return (
            f"SELECT {missing} AS missing, {unexpected} AS unexpected, {cells}"
            f" FROM (SELECT * FROM cmp.expected_rows t WHERE {self._bucket('t')} IN (SELECT bucket FROM differing)) e"
            " FULL OUTER JOIN"
            f" (SELECT * FROM cmp.actual t WHERE {self._bucket('t')} IN (SELECT bucket FROM differing)) a"
            f" ON {on} WHERE {missing} OR {unexpected} OR {differs}"
        )

    def _differences(self) -> Iterator[Difference]:
        names = self._table.column_names
        order = ", ".join(f"coalesce(e{names.index(name)}, a{names.index(name)})" for name in self._key)
        for missing, unexpected, *cells in self._workbench.rows(f"SELECT * FROM pairs ORDER BY {order} LIMIT {SHOWN}"):
            expected, actual = cells[0::2], cells[1::2]
            own = actual if unexpected else expected
            key = {name: str(own[names.index(name)]) for name in self._key}
            if missing or unexpected:
                kind, row = ("missing", expected) if missing else ("unexpected", actual)
                shown = _shown(names, row)
                yield Difference(
                    table=self._table.name,
                    key=key,
                    column="",
                    expected=shown if missing else None,
                    actual=None if missing else shown,
                    kind=kind,
                )
                continue
            for name, one, other in zip(names, expected, actual, strict=True):
                if one != other:
                    yield Difference(table=self._table.name, key=key, column=name, expected=one, actual=other)

    # ── without a key ───────────────────────────────────────────────────────────────────────────────────────
    def _by_multiset(self) -> tuple[int, int, tuple[Difference, ...]]:
        expected = self._count("expected_rows")
        expected_rows, actual_rows = self._grouped("expected_rows"), self._grouped("actual")
        wrong = "coalesce(e.n, 0) > coalesce(a.n, 0)" if self._others_too else "e.n IS DISTINCT FROM a.n"
        pairs = (
            f"SELECT coalesce(e.n, 0) AS wanted, coalesce(a.n, 0) AS found, coalesce(e.row, a.row) AS row"
            f" FROM ({expected_rows}) e FULL OUTER JOIN ({actual_rows}) a ON a.hash = e.hash WHERE {wrong}"
        )
        different = int(self._workbench.one(f"SELECT coalesce(sum(abs(wanted - found)), 0) FROM ({pairs})"))
        differences = tuple(
            Difference(
                table=self._table.name,
                key={},
                column="",
                expected=f"{wanted} × {_shown(self._table.column_names, row)}",
                actual=f"{found} × {_shown(self._table.column_names, row)}",
                kind="missing" if wanted > found else "unexpected",
            )
            for wanted, found, row in self._workbench.rows(f"SELECT * FROM ({pairs}) ORDER BY row LIMIT {SHOWN}")
        )
        return expected, different, differences

    def _grouped(self, side: str) -> str:
        cells = ", ".join(cell("t", column) for column in self._table.columns)
        rows = f"SELECT {row_hash('t', self._table.columns)} AS hash, [{cells}] AS row FROM cmp.{side} t"
        return f"SELECT hash, count(*) AS n, min(row) AS row FROM ({rows}) GROUP BY hash"


def _shown(names: tuple[str, ...], row: list[str | None]) -> str:
    return ", ".join(
        f"{name}={'NULL' if value is None else value[:80]}" for name, value in zip(names, row, strict=True)
    )
