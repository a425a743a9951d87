"""MariaDB as a target in tests: loads with rows typed as a mapping types them, and their undoing to the last byte."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pytest
from pymysql.cursors import Cursor

from migrator.contracts import ACTION, CREATE, EDGE, KEEP, OVERWRITE, Staged, Target
from migrator.platforms.mysql.types import with_type
from storage.errors import Fault
from storage.schema import Type
from storage.types import arrow_type
from tests.conformance.platforms.mysql import MysqlPlatform
from tests.conformance.targets import Rows, merged


@dataclass(frozen=True)
class Typed(Rows):
    """Rows of which some columns are held as another class than their declaration says."""

    types: Mapping[str, Type] = field(default_factory=dict)

    def staged(self, target: Target) -> Staged:
        staged = super().staged(target)
        columns = tuple(
            with_type(column, self.types[column.name]) if column.name in self.types else column
            for column in staged.table.columns
        )
        return replace(staged, table=replace(staged.table, columns=columns))

    def batch(self, target: Target, edge: int = 0) -> pa.RecordBatch:
        table = self.staged(target).table
        by_action = ((CREATE, self.create), (OVERWRITE, self.overwrite), (KEEP, self.keep))
        rows = [(*row, action, edge) for action, part in by_action for row in part]
        types = [*(arrow_type(table.column(name).type) for name in self.columns), pa.string(), pa.int32()]
        arrays = [pa.array(values, type_) for values, type_ in zip(zip(*rows, strict=True), types, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, names=[*self.columns, ACTION, EDGE])


def goes_and_comes_back(platform: MysqlPlatform, *story: Rows) -> dict[str, list[str]]:
    """Load, compare inside, take back: everything is as before, to the byte; returns how it was in between."""
    before, target, notes = platform.dump(), platform.target(), []
    tables = [rows.staged(target) for rows in story]
    merged(target, *story, inside=lambda merge: notes.extend([*map(merge.compare, tables), merge.check(tables)]))
    assert not any(notes), notes
    between = platform.dump()
    undone = target.undo("r1")
    assert (undone.kept, undone.failed, undone.digest_after) == (0, 0, undone.digest_before_load)
    assert platform.dump() == before
    return between


@contextmanager
def lenient(platform: MysqlPlatform) -> Iterator[Cursor]:
    """A session as old applications have it: dates that are none are taken."""
    with closing(platform.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,ALLOW_INVALID_DATES', time_zone = '+00:00'")
        yield cursor


def ours(platform: MysqlPlatform) -> list[Any]:
    """The tables this software has in the database."""
    query = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
    return sorted(name for (name,) in platform.rows(query) if name.startswith("migrator_"))


def until_a_row_is_waited_for(platform: MysqlPlatform) -> None:
    """Whoever takes a load back waits for a row that somebody has."""
    waits = "SELECT 1 FROM information_schema.processlist WHERE info LIKE '%FOR UPDATE%' AND id <> CONNECTION_ID()"
    for _ in range(200):
        if platform.rows(waits):
            return
        time.sleep(0.05)
    pytest.fail("nobody waits for a row")


@contextmanager
def lost() -> Iterator[ExitStack]:
    """For contexts whose connections are lost: that one could not leave them is no news."""
    stack = ExitStack()
    try:
        yield stack
    finally:
        with suppress(Fault):
            stack.close()
