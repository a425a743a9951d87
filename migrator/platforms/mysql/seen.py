"""Which rows an earlier statement gave already, where one row can satisfy several; on disk, so that memory stays flat.

A statement gives every row that satisfies it. So a row whose deciding values an earlier statement of a rule has given
was itself given there: no row needs a key of its own for this, and equality is the server's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from types import TracebackType

import pyarrow as pa

from storage.scratch import scratch


class Seen:
    """The deciding values of each rule, with the first statement that gave them."""

    def __init__(self, deciding: Mapping[int, Sequence[int]]) -> None:
        """`deciding` says by rule which columns of a batch decide."""
        self._deciding = deciding
        self._held = ExitStack()
        folder = self._held.enter_context(scratch("seen"))
        self._store = self._held.enter_context(closing(sqlite3.connect(folder / "seen.db", isolation_level=None)))
        self._store.execute("PRAGMA journal_mode = OFF")
        self._store.execute("PRAGMA synchronous = OFF")
        self._store.execute("CREATE TABLE seen (value BLOB PRIMARY KEY, statement INTEGER) WITHOUT ROWID")

    def __enter__(self) -> Seen:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._held.close()

    def fresh(self, batch: pa.RecordBatch, rule: int, statement: int) -> pa.RecordBatch:
        """The rows no earlier statement gave; what this one gives is remembered."""
        given = [self._earlier(batch, other, statement) for other in self._deciding]
        values = self._values(batch, rule)
        self._store.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", [(value, statement) for value in values])
        return batch.filter(pa.array([not any(flags) for flags in zip(*given, strict=True)], pa.bool_()))

    def _earlier(self, batch: pa.RecordBatch, rule: int, statement: int) -> list[bool]:
        find = "SELECT 1 FROM seen WHERE value = ? AND statement < ?"
        return [
            self._store.execute(find, (value, statement)).fetchone() is not None for value in self._values(batch, rule)
        ]

    def _values(self, batch: pa.RecordBatch, rule: int) -> list[bytes]:
        columns = [batch.column(i).to_pylist() for i in self._deciding[rule]]
        return [repr((rule, *row)).encode() for row in zip(*columns, strict=True)]
