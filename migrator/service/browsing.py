"""Archives for whoever looks into them: a page of a table, a table whole, everything."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import IO

from migrator.engine.browse.browser import Browser, Page
from migrator.engine.browse.question import Question
from migrator.engine.browse.shelf import Shelf
from migrator.reports.xlsx import EXCEL, write_rows
from migrator.runs.records import ArchiveRecord
from migrator.service.opening import Opening
from storage.archive import Archive
from storage.errors import Misuse
from storage.objects import ObjectStore
from storage.package import Part
from storage.streamed import Joined, Piece, Streamed, held_back
from storage.verified import passing
from storage.zipped import Entry, Zipped

_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Browsing(Opening):
    """Nothing here changes anything, but what is kept on this machine to be quick."""

    def browse(self, archive: ArchiveRecord, table: str, question: Question) -> Page:
        """The rows somebody asks for; see `engine.browse`."""
        return self._browser().page(self.archive(archive.location), table, question)

    def as_csv(self, archive: ArchiveRecord, table: str) -> Streamed:
        """The table's master: every value as the archive has it."""
        opened = self.archive(archive.location)
        part = opened.table(table)
        return _joined(opened, (*([part.header] if part.header else []), *part.csv))

    def as_parquet(self, archive: ArchiveRecord, table: str) -> Streamed:
        """The table's typed twin: a file, or a ZIP of them where it has several."""
        opened = self.archive(archive.location)
        parts = opened.table(table).parquet
        if len(parts) == 1:
            return _joined(opened, parts)
        return Zipped(tuple(_entry(opened, part) for part in parts))

    def as_xlsx(self, archive: ArchiveRecord, table: str) -> IO[bytes]:
        """The table as a sheet, a file that is gone when it is closed. Misuse where it has more rows than a sheet."""
        opened = self.archive(archive.location)
        part = opened.table(table)
        if part.rows >= EXCEL.rows:
            raise Misuse(
                f"a sheet ends at {EXCEL.rows:,} rows, and the table has {part.rows:,}",
                where=table,
                next="take it as csv or parquet: those hold everything",
            )
        with ExitStack() as half_made:
            file = half_made.enter_context(tempfile.TemporaryFile())
            write_rows(file, table, part.table.column_names, self._browser().rows(opened, table))
            half_made.pop_all()
        return file

    def as_zip(self, archive: ArchiveRecord) -> Streamed:
        """Everything the archive is, in a folder of its name."""
        opened = self.archive(archive.location)
        folder = opened.folder
        entries = (
            Entry(name=info.key, size=info.size, read=partial(_chunks, opened.store, info.key))
            for info in opened.store.list(f"{folder}/")
        )
        return Zipped(tuple(sorted(entries, key=lambda entry: entry.name)))

    def _browser(self) -> Browser:
        return Browser(shelf=Shelf(folder=self.settings.home / "browsed", most_bytes=self.settings.browsed_bytes))


def _joined(archive: Archive, parts: tuple[Part, ...]) -> Joined:
    return Joined(tuple(Piece(size=part.bytes, read=partial(_vouched, archive, part)) for part in parts))


def _entry(archive: Archive, part: Part) -> Entry:
    return Entry(name=part.path.rpartition("/")[2], size=part.bytes, read=partial(_vouched, archive, part))


def _vouched(archive: Archive, part: Part) -> Iterator[bytes]:
    """Its bytes; Red before the last where they are not the archive's: the download breaks off before its end."""
    return held_back(passing(archive.store, *archive.vouched_key(part)))


def _chunks(store: ObjectStore, key: str) -> Iterator[bytes]:
    with store.reader(key) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk
