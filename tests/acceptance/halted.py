"""python -m tests.acceptance.halted TABLE ARGUMENT...: the command line, which stops once it comes to a table.

`lines/0` is the middle of the first split of a table, which has as many rows as HALTED_SPLIT_ROWS says.

It stays there for good, or until the file that HALTED_UNTIL names appears, and makes one called `…-TABLE` beside it;
its heart goes on beating. The point in time it reads has a keeper from the first moment on, and not after seconds. With
`slot` for an argument it is one of a worker's processes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from migrator.cli import slot
from migrator.cli.app import run
from migrator.engine import splits
from migrator.engine.documents import Audit
from migrator.engine.halfway import Attempt
from migrator.engine.losses import Loss
from migrator.engine.table_copy import TableCopy
from storage.package import TablePart
from storage.schema import Table
from storage.tables import TablesWriter

_copy = TableCopy.copy
_split = TablesWriter.split


def halted(table: str, arguments: list[str]) -> int:
    """What the command ends with, if it comes to its end."""

    def copy(self: TableCopy, writer: TablesWriter, declared: Table, audit: Audit) -> tuple[Loss, ...]:
        if declared.name == table:
            _wait(table)
        return _copy(self, writer, declared, audit)

    def split(
        self: TablesWriter, declared: Table, batches: Iterable[pa.RecordBatch], *, number: int, scope_class: str
    ) -> TablePart:
        if f"{declared.name}/{number}" == table:
            batches = _halfway(batches, f"{declared.name}-{number}")
        return _split(self, declared, batches, number=number, scope_class=scope_class)

    TableCopy.copy = copy  # type: ignore[method-assign]
    TablesWriter.split = split  # type: ignore[method-assign]
    splits.SPLIT_ROWS = int(os.environ.get("HALTED_SPLIT_ROWS") or splits.SPLIT_ROWS)
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


def _wait(table: str) -> None:
    until = os.environ.get("HALTED_UNTIL")
    if until:
        Path(f"{until}-{table}").touch()
    while not until or not Path(until).exists():
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(halted(sys.argv[1], sys.argv[2:]))
