"""What tells the rows of a SQLite table apart: the rowid, under a name no column hides, or else the primary key."""

from __future__ import annotations

import re
import sqlite3

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


def stored_rowid(connection: sqlite3.Connection, table: str) -> str | None:
    """The same of a table as it stands in the file: who reads some columns of it may know neither text nor others."""
    query = "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?"
    if connection.execute(query, (table,)).fetchone() == (1,):
        return None
    columns = {name.lower() for (name,) in connection.execute("SELECT name FROM pragma_table_xinfo(?)", (table,))}
    return next((name for name in _NAMES if name not in columns), None)


def stored_key(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """The primary key of a table as it stands in the file."""
    query = "SELECT name FROM pragma_table_xinfo(?) WHERE pk ORDER BY pk"
    return tuple(name for (name,) in connection.execute(query, (table,)))
