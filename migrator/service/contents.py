"""What an archive holds beside the rows of its tables: how far the tenant's data reached, and files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

from migrator.engine.documents import SCOPE
from migrator.engine.scope import Crossing
from migrator.outcomes import ArchivedTable
from migrator.runs.records import ArchiveRecord
from migrator.runs.told import scope_of
from migrator.service.opening import Opening
from storage.archive import Archive
from storage.files import FileEntry
from storage.streamed import Joined, Piece, Streamed, held_back


@dataclass(frozen=True, kw_only=True)
class Reached:
    """Why the rows of an archive are there, table by table, and which references led out of them."""

    tables: tuple[ArchivedTable, ...]
    crossings: tuple[Crossing, ...]


@dataclass(frozen=True, kw_only=True)
class Files:
    """Some of the values an archive holds as files, of `count` in all."""

    count: int
    shown: tuple[FileEntry, ...]


@dataclass(frozen=True, kw_only=True)
class Contents(Opening):
    """Nothing here changes anything."""

    def reached_tables(self, archive: ArchiveRecord) -> Reached:
        """As the snapshot wrote it down; no tables where the archive does not tell."""
        opened = self.archive(archive.location)
        told = json.loads(opened.document(SCOPE)) if SCOPE in opened.documents() else {}
        return Reached(
            tables=tuple(scope_of(opened)),
            crossings=tuple(
                Crossing(reference=one["reference"], count=one["rows"], policy=one["policy"])
                for one in told.get("references_that_lead_out", ())
            ),
        )

    def files(self, archive: ArchiveRecord, *, start: int, count: int) -> Files:
        """Those from the `start`-th on, in the order they were kept."""
        opened = self.archive(archive.location)
        return Files(count=opened.file_count, shown=tuple(islice(opened.files(), start, start + count)))

    def file(self, archive: ArchiveRecord, sha256: str) -> tuple[FileEntry, Streamed] | None:
        """The first value of that content, and the content itself; None where the archive holds none."""
        opened = self.archive(archive.location)
        entry = next((one for one in opened.files() if one.sha256 == sha256), None)
        if entry is None:
            return None
        return entry, Joined((Piece(size=entry.size, read=partial(_vouched, opened, sha256)),))


def _vouched(archive: Archive, sha256: str) -> Iterator[bytes]:
    return held_back(archive.content(sha256))
