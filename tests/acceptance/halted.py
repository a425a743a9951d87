"""python -m tests.acceptance.halted TABLE ARGUMENT...: the command line, which stops once it comes to a table.

It stays there for good, or until the file that HALTED_UNTIL names appears, and makes one called `…-TABLE` beside it;
its heart goes on beating. The point in time it reads has a keeper from the first moment on, and not after seconds. With
`slot` for an argument it is one of a worker's processes.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from migrator.cli import slot
from migrator.cli.app import run
from migrator.engine.documents import Audit
from migrator.engine.halfway import Attempt
from migrator.engine.losses import Loss
from migrator.engine.table_copy import TableCopy
from storage.schema import Table
from storage.tables import TablesWriter

_copy = TableCopy.copy


def halted(table: str, arguments: list[str]) -> int:
    """What the command ends with, if it comes to its end."""

    def copy(self: TableCopy, writer: TablesWriter, declared: Table, audit: Audit) -> tuple[Loss, ...]:
        if declared.name == table:
            _wait(table)
        return _copy(self, writer, declared, audit)

    TableCopy.copy = copy  # type: ignore[method-assign]
    (Attempt.__init__.__kwdefaults__ or {})["keep_after_s"] = 0
    if arguments == ["slot"]:
        slot.main()
    return run(arguments)


def _wait(table: str) -> None:
    until = os.environ.get("HALTED_UNTIL")
    if until:
        Path(f"{until}-{table}").touch()
    while not until or not Path(until).exists():
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(halted(sys.argv[1], sys.argv[2:]))
