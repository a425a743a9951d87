"""The journal of a load, kept in the target: what was created, what stood where it overwrote, and what it left behind.

One table a run and target table, `migrator_journal:<run>:<table>`, with the columns
`action` (create | overwrite), `key:<column>`…, or `row` (the rowid) where no key tells the rows apart,
`before:<column>`… (of overwritten rows), `after` (row hash).
The marker table `migrator_loads` has one row a committed load. Both go when nothing needs them any more.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from typing import Any

from migrator.contracts import Digest, Marker, Staged
from migrator.platforms.relational.sqltext import quoted
from storage.schema import Table

MARKERS = "migrator_loads"
_JOURNAL = "migrator_journal:"


def is_ours(name: str) -> bool:
    """Whether this software keeps the table in a target; any other name, however alike, is somebody's data."""
    return name == MARKERS or name.startswith(_JOURNAL)


def live_name(table: Table) -> str:
    """The quoted name of a live table, whatever else is attached."""
    return f"main.{quoted(table.name)}"


def journal_table(run: str, table: Table) -> str:
    """The quoted name of a run's journal for one table."""
    return "main." + quoted(f"{_JOURNAL}{run}:{table.name}")


def key_column(column: str) -> str:
    return quoted(f"key:{column}")


def before_column(column: str) -> str:
    return quoted(f"before:{column}")


def stored_columns(table: Table) -> tuple[str, ...]:
    """The columns an UPDATE may set: generated ones follow by themselves."""
    return tuple(column.name for column in table.columns if not column.generated)


def create_journal(connection: sqlite3.Connection, run: str, staged: Staged) -> None:
    """An empty journal for one table, inside the merge transaction."""
    columns = ["action TEXT NOT NULL"]
    columns += [key_column(column) for column in staged.key] or ["row INTEGER"]
    columns += [before_column(column) for column in stored_columns(staged.table)]
    columns += ["after BLOB"]
    key = f", PRIMARY KEY ({', '.join(key_column(column) for column in staged.key)})" if staged.key else ""
    connection.execute(f"CREATE TABLE {journal_table(run, staged.table)} ({', '.join(columns)}{key})")


def write_marker(connection: sqlite3.Connection, marker: Marker) -> None:
    """Record the load, in the transaction that makes it visible."""
    connection.execute(f"CREATE TABLE IF NOT EXISTS main.{MARKERS} (run TEXT PRIMARY KEY, marker TEXT NOT NULL)")
    connection.execute(f"INSERT INTO main.{MARKERS} VALUES (?, ?)", (marker.run, _to_json(marker)))


def read_markers(connection: sqlite3.Connection, tables: dict[str, Table]) -> tuple[Marker, ...]:
    """The committed loads, oldest first; `tables` are the target's own, by name."""
    if not _has_markers(connection):
        return ()
    rows = connection.execute(f"SELECT marker FROM main.{MARKERS} ORDER BY rowid").fetchall()
    return tuple(_from_json(row[0], tables) for row in rows)


def holds_load(connection: sqlite3.Connection, run: str) -> bool:
    """Whether a load of this run was committed here and not taken back whole."""
    if not _has_markers(connection):
        return False
    return connection.execute(f"SELECT 1 FROM main.{MARKERS} WHERE run = ?", (run,)).fetchone() is not None


def _has_markers(connection: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = ?"
    return connection.execute(query, (MARKERS,)).fetchone() is not None


def forget(connection: sqlite3.Connection, marker: Marker) -> None:
    """Drop everything this software holds about a load that was taken back whole."""
    for staged in marker.tables:
        connection.execute(f"DROP TABLE IF EXISTS {journal_table(marker.run, staged.table)}")
    connection.execute(f"DELETE FROM main.{MARKERS} WHERE run = ?", (marker.run,))
    if not connection.execute(f"SELECT 1 FROM main.{MARKERS}").fetchone():
        connection.execute(f"DROP TABLE main.{MARKERS}")


def _to_json(marker: Marker) -> str:
    plain: dict[str, Any] = asdict(marker)
    plain["tables"] = [
        {"table": staged.table.name, "columns": staged.columns, "key": staged.key} for staged in marker.tables
    ]
    # a digest's sum may exceed what other JSON readers take as a number
    for name in ("digest_touched", "digest_whole"):
        digest: Digest | None = getattr(marker, name)
        plain[name] = None if digest is None else {"rows": digest.rows, "total": f"{digest.total:032x}"}
    return json.dumps(plain, ensure_ascii=False)


def _from_json(text: str, tables: dict[str, Table]) -> Marker:
    plain = json.loads(text)
    plain["tables"] = tuple(
        Staged(table=tables[part["table"]], columns=tuple(part["columns"]), key=tuple(part["key"]))
        for part in plain["tables"]
        if part["table"] in tables
    )
    for name in ("digest_touched", "digest_whole"):
        digest = plain[name]
        plain[name] = None if digest is None else Digest(rows=digest["rows"], total=int(digest["total"], 16))
    return Marker(**plain)
