"""python -m tests.acceptance.halted TABLE ARGUMENT...: the command line, which stops for good once it comes to a table.

Its heart goes on beating. The point in time it reads has a keeper from the first moment on, and not after seconds.
"""

from __future__ import annotations

import sys
import threading

from migrator.cli.app import run
from migrator.engine.documents import Audit
from migrator.engine.halfway import Attempt
from migrator.engine.losses import Loss
from migrator.engine.table_copy import TableCopy
from storage.schema import Table
from storage.tables import TablesWriter

_copy = TableCopy.copy


def halted(table: str, arguments: list[str]) -> int:
    """What the command ends with, if it never comes to the table."""

    def copy(self: TableCopy, writer: TablesWriter, declared: Table, audit: Audit) -> tuple[Loss, ...]:
        if declared.name == table:
            threading.Event().wait()
        return _copy(self, writer, declared, audit)

    TableCopy.copy = copy  # type: ignore[method-assign]
    (Attempt.__init__.__kwdefaults__ or {})["keep_after_s"] = 0
    return run(arguments)


if __name__ == "__main__":
    sys.exit(halted(sys.argv[1], sys.argv[2:]))
