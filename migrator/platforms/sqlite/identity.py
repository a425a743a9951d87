"""What tells the rows of a SQLite table apart: the rowid, under a name no column hides, or else the primary key."""

from __future__ import annotations

import re

from migrator.platforms.relational.sqltext import quoted
from storage.schema import Table

_NAMES = ("rowid", "_rowid_", "oid")
_QUOTED_OR_COMMENT = re.compile(r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]""", re.DOTALL)
_STRICT = re.compile(r"\bSTRICT\b", re.IGNORECASE)
_WITHOUT_ROWID = re.compile(r"\bWITHOUT\s+ROWID\b", re.IGNORECASE)


def is_without_rowid(ddl: str | None) -> bool:
    """Whether a CREATE TABLE ends in WITHOUT ROWID; what its names, literals and comments say does not count."""
    return bool(_WITHOUT_ROWID.search(_options(ddl)))


def is_strict(ddl: str | None) -> bool:
    """Whether a CREATE TABLE ends in STRICT."""
    return bool(_STRICT.search(_options(ddl)))


def _options(ddl: str | None) -> str:
    return _QUOTED_OR_COMMENT.sub(" ", ddl or "").rpartition(")")[2]


def rowid(table: Table) -> str | None:
    """The name the rowid answers to; None where the table has none (or hides it behind columns of all its names)."""
    if is_without_rowid(table.ddl):
        return None
    columns = {column.lower() for column in table.column_names}
    return next((name for name in _NAMES if name not in columns), None)


def locator(table: Table, alias: str) -> str:
    """One expression that tells the table's rows apart."""
    name = rowid(table)
    if name:
        return f"{alias}.{name}"
    parts = [f"{alias}.{quoted(column)}" for column in table.primary_key]
    return parts[0] if len(parts) == 1 else " || ',' || ".join(f"typeof({part}) || hex({part})" for part in parts)
