"""What a careful person looks at before a SQLite file is read or written; no table of it is read."""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from migrator.contracts import Examination, Finding, TableSize
from migrator.platforms.relational.sqltext import quoted
from migrator.platforms.sqlite.describe import describe
from migrator.platforms.sqlite.identity import rowid
from storage.quantity import said_size
from storage.schema import Table

_LEAST = (3, 37)  # the first that lists its tables by a pragma, and knows STRICT
_ROOM = 64 << 20


def examine_source(connection: sqlite3.Connection, path: Path) -> Examination:
    """The file as a snapshot would find it."""
    return _examination(connection, (*_common(connection), _point_in_time(connection, path)))


def examine_target(connection: sqlite3.Connection, path: Path) -> Examination:
    """The file as a load would find it: the write lock is taken for a moment, and nothing is written under it."""
    writable = _writable(path)
    lock = [_other_writer(connection)] if writable.verdict == "ok" else []
    return _examination(connection, (*_common(connection), writable, *lock, _room(connection, path)))


def _examination(connection: sqlite3.Connection, findings: tuple[Finding, ...]) -> Examination:
    return Examination(
        version=f"SQLite {sqlite3.sqlite_version}",
        user=_user(),
        clock=None,  # a file has none of its own
        findings=findings,
        sizes=tuple(_sizes(connection)),
    )


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container's user need not be in the list of users
        return str(os.geteuid())


# ── findings ────────────────────────────────────────────────────────────────────────────────────────────────
def _common(connection: sqlite3.Connection) -> Iterator[Finding]:
    if sqlite3.sqlite_version_info < _LEAST:
        least = ".".join(map(str, _LEAST))
        yield Finding(
            what="version",
            verdict="red",
            found=f"this Python was built with SQLite {sqlite3.sqlite_version}",
            next=f"use one that was built with {least} or newer",
        )
    yield _file(connection)


def _file(connection: sqlite3.Connection) -> Finding:
    """That its length and its header agree, SQLite has seen to when it was opened."""
    unused = _pragma(connection, "freelist_count") * _pragma(connection, "page_size")
    return Finding(
        what="file", verdict="ok", found=f"{said_size(_used(connection))} in use, {said_size(unused)} free inside it"
    )


def _point_in_time(connection: sqlite3.Connection, path: Path) -> Finding:
    """How the fence will be held: by a read transaction, or by a copy that writers wait for."""
    mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    if mode == "wal":
        return Finding(what="journal mode", verdict="ok", found="wal: writers go on while a snapshot reads")
    needed, folder = path.stat().st_size, tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    found = f"{mode}: a snapshot reads a copy of {said_size(needed)}, and writers wait while it is made"
    if free < needed:
        return Finding(
            what="journal mode",
            verdict="red",
            found=f"{found}; {said_size(free)} are free for it",
            where=folder,
            next="free space there, or name a roomier folder with TMPDIR",
        )
    return Finding(
        what="journal mode",
        verdict="warning",
        found=f"{found}; {said_size(free)} are free for it in {folder}",
        next="take the snapshot at a quiet hour, or let the product switch to WAL: PRAGMA journal_mode = wal",
    )


def _writable(path: Path) -> Finding:
    lacking = [place for place in (path, path.absolute().parent) if not os.access(place, os.W_OK)]
    if not lacking:
        return Finding(what="writable", verdict="ok", found="the file, and its folder for what a load puts beside it")
    return Finding(
        what="writable",
        verdict="red",
        found=f"{_user()} may not write {' nor '.join(map(str, lacking))}",
        where=str(lacking[0]),
        next="give this user write permission for the file and its folder",
    )


def _other_writer(connection: sqlite3.Connection) -> Finding:
    waiting = _pragma(connection, "busy_timeout")
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return Finding(
            what="lock",
            verdict="warning",
            found="another program is writing right now",
            next=f"a load waits for it, {waiting // 1000} s at most: stop the product before the real night",
        )
    finally:
        connection.execute(f"PRAGMA busy_timeout = {waiting}")
    return Finding(what="lock", verdict="ok", found="nobody else is writing")


def _room(connection: sqlite3.Connection, path: Path) -> Finding:
    free, size = shutil.disk_usage(path.absolute().parent).free, _used(connection)
    enough = free >= max(size, _ROOM)
    return Finding(
        what="free space",
        verdict="ok" if enough else "red" if free < _ROOM else "warning",
        found=f"{said_size(free)} beside the file of {said_size(size)}",
        where="" if enough else str(path.absolute().parent),
        next="" if enough else "free space on this disk: staging and the journal of the load lie beside the file",
    )


# ── sizes ───────────────────────────────────────────────────────────────────────────────────────────────────
def _sizes(connection: sqlite3.Connection) -> Iterator[TableSize]:
    """Rows by ANALYZE's own count, else by the highest rowid; the file's pages shared out by rows and columns."""
    tables = describe(connection).tables
    counted, used = _counted(connection), _used(connection)
    rows = {table.name: _rows(connection, table, counted, used) for table in tables}
    weights = {table.name: rows[table.name] * (1 + len(table.columns)) for table in tables}
    total = sum(weights.values()) or 1
    for table in tables:
        yield TableSize(table=table.name, rows=rows[table.name], bytes=used * weights[table.name] // total)


def _rows(connection: sqlite3.Connection, table: Table, counted: dict[str, int], used: int) -> int:
    if table.name in counted:
        return counted[table.name]
    name = rowid(table)
    if name is None or not (table.ddl or "").upper().startswith("CREATE TABLE"):
        return 0  # no rowid to look up, or a virtual table whose module may read it all
    highest = connection.execute(f"SELECT max({name}) FROM main.{quoted(table.name)}").fetchone()[0] or 0
    # ids with gaps count too many: a row takes a byte a column and two of its own, at the very least
    return min(max(int(highest), 0), used // (2 + len(table.columns)))


def _counted(connection: sqlite3.Connection) -> dict[str, int]:
    known = connection.execute("SELECT 1 FROM main.sqlite_master WHERE name = 'sqlite_stat1'").fetchone()
    found = connection.execute("SELECT tbl, stat FROM main.sqlite_stat1 WHERE stat <> ''").fetchall() if known else []
    return {table: int(stat.split()[0]) for table, stat in found}


def _used(connection: sqlite3.Connection) -> int:
    """Bytes in use: the pages that are not on the free list."""
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    return pages * _pragma(connection, "page_size")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
