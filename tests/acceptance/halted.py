"""python -m tests.acceptance.halted TABLE[,TABLE] ARGUMENT...: the command line, which stops once it comes to a table.

Of a snapshot that is before it copies the table, of a load behind the first batch it stages; what else it stages it
says in a file called `…-staged`. `lines/0` is the middle of the first split of a table, which has as many rows as
HALTED_SPLIT_ROWS says.

It stays there for good, or until the file that HALTED_UNTIL names appears, and makes one called `…-TABLE` beside it;
its heart goes on beating. The point in time it reads has a keeper from the first moment on, and not after seconds. With
`slot` for an argument it is one of a worker's processes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from migrator.cli import slot
from migrator.cli.app import run
from migrator.contracts import Staged
from migrator.engine import splits, staged
from migrator.engine.documents import Audit
from migrator.engine.halfway import Attempt
from migrator.engine.losses import Loss
from migrator.engine.table_copy import TableCopy
from migrator.platforms.mysql.staging import MysqlStaging
from migrator.platforms.postgres.staging import PostgresStaging
from storage.package import TablePart
from storage.schema import Table
from storage.tables import TablesWriter

_copy = TableCopy.copy
_split = TablesWriter.split


def halted(tables: Collection[str], arguments: list[str]) -> int:
    """What the command ends with, if it comes to its end."""

    def copy(self: TableCopy, writer: TablesWriter, declared: Table, audit: Audit) -> tuple[Loss, ...]:
        if declared.name in tables:
            _wait(declared.name)
        return _copy(self, writer, declared, audit)

    def split(
        self: TablesWriter, declared: Table, batches: Iterable[pa.RecordBatch], *, number: int, scope_class: str
    ) -> TablePart:
        if f"{declared.name}/{number}" in tables:
            batches = _halfway(batches, f"{declared.name}-{number}")
        return _split(self, declared, batches, number=number, scope_class=scope_class)

    TableCopy.copy = copy  # type: ignore[method-assign]
    TablesWriter.split = split  # type: ignore[method-assign]
    splits.SPLIT_ROWS = int(os.environ.get("HALTED_SPLIT_ROWS") or splits.SPLIT_ROWS)
    for staging in (PostgresStaging, MysqlStaging):
        staging.stage = _halting(staging.stage, tables)  # type: ignore[method-assign]
    staged.WORTH_ROWS = 1_000  # so that a test is quick
    (Attempt.__init__.__kwdefaults__ or {})["keep_after_s"] = 0
    if arguments == ["slot"]:
        slot.main()
    return run(arguments)


def _halfway(batches: Iterable[pa.RecordBatch], told: str) -> Iterator[pa.RecordBatch]:
    """The rows, after the first of which it stops."""
    for number, batch in enumerate(batches):
        if number == 1:
            _wait(told)
        yield batch


def _halting(stage: Callable[..., int], tables: Collection[str]) -> Callable[..., int]:
    def staging(self: object, one: Staged, batches: Iterable[pa.RecordBatch]) -> int:
        name = one.table.name
        with Path(f"{os.environ['HALTED_UNTIL']}-staged").open("a") as log:
            print(name, file=log)
        return stage(self, one, _halted(batches, name) if name in tables else batches)

    def _halted(batches: Iterable[pa.RecordBatch], name: str) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch
            _wait(name)

    return staging


def _wait(table: str) -> None:
    until = os.environ.get("HALTED_UNTIL")
    if until:
        Path(f"{until}-{table}").touch()
    while not until or not Path(until).exists():
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(halted(sys.argv[1].split(","), sys.argv[2:]))
