"""What a careful person looks at before a SQLite file is read or written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from migrator.contracts import Examination


def examine(path: Path) -> Examination:
    """The file as its owner sees it; a file has no clock of its own."""
    return Examination(version=f"SQLite {sqlite3.sqlite_version}", user=path.owner(), clock=None, findings=(), sizes=())
