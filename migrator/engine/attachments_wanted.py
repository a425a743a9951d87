"""The files that rows name, until they are fetched: in a scratch file of their own, however many there are."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from migrator.engine.attachments_said import Said
from storage.errors import Fault
from storage.files import FileEntry


@dataclass(frozen=True, kw_only=True)
class WantedFile:
    """A file that one or more rows name, by what they write."""

    table: str
    column: str
    location: str


@dataclass(frozen=True, kw_only=True)
class WantedRow:
    """One row's wish for a file; the entry knows neither size nor hash yet."""

    location: str
    entry: FileEntry
    said: Said


class WantedFiles:
    """Gathers what rows name, column by column; the same file is wanted once, whatever the number of its rows."""

    def __init__(self) -> None:
        self._kept = sqlite3.connect("", isolation_level=None)  # a file nobody else sees, gone when it is closed
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            'CREATE TABLE wanted ("table", "column", location, row, name, type, size, hash)',
            'CREATE INDEX by_location ON wanted ("table", "column", location)',
        ):
            self._kept.execute(statement)

    def close(self) -> None:
        self._kept.close()

    def add(self, rows: Iterable[WantedRow]) -> None:
        values = (
            (one.table, one.column, row.location, one.row, one.name, one.type, row.said.size, row.said.hash)
            for row in rows
            for one in (row.entry,)
        )
        with _on_disk():
            self._kept.execute("BEGIN")
            self._kept.executemany("INSERT INTO wanted VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
            self._kept.execute("COMMIT")

    def forget(self, table: str) -> None:
        """Nothing of this table is wanted yet: it is being read again."""
        with _on_disk():
            self._kept.execute('DELETE FROM wanted WHERE "table" = ?', [table])

    def count(self) -> int:
        """How many rows want a file."""
        (count,) = self._kept.execute("SELECT count(*) FROM wanted").fetchone()
        return int(count)

    def files(self) -> Iterator[WantedFile]:
        with _on_disk():
            for table, column, location in self._kept.execute(
                'SELECT DISTINCT "table", "column", location FROM wanted ORDER BY 1, 2, 3'
            ):
                yield WantedFile(table=table, column=column, location=location)

    def rows(self, file: WantedFile) -> Iterator[WantedRow]:
        """The rows that name it, in the order they were read."""
        for row, name, type_, size, hash_ in self._kept.execute(
            'SELECT row, name, type, size, hash FROM wanted WHERE ("table", "column", location) = (?, ?, ?)'
            " ORDER BY rowid",
            [file.table, file.column, file.location],
        ):
            entry = FileEntry(
                table=file.table,
                row=row,
                column=file.column,
                name=name,
                type=type_,
                size=0,
                sha256="",
                location=file.location,
            )
            yield WantedRow(location=file.location, entry=entry, said=Said(size=size, hash=hash_))


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Fault(
            f"the list of files to fetch cannot be kept: {error}",
            where=tempfile.gettempdir(),
            next="free space there, or point TMPDIR at a larger disk",
        ) from error
