"""Tables of archives as files of this machine, each byte known to be right; what was read last stays longest."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from migrator.engine.browse.wide import with_texts
from storage.archive import Archive, ArchivedTable
from storage.system import translated
from storage.verified import passing

_DONE = "whole"
_fetching: dict[Path, threading.Lock] = defaultdict(threading.Lock)
"""Of many who look into a table for the first time, one brings it."""

_readers: Counter[Path] = Counter()
_shelving = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Holds about so many bytes; a table that is larger alone is held all the same, while it is read."""

    folder: Path
    most_bytes: int

    @contextmanager
    def table(self, archive: Archive, part: ArchivedTable) -> Iterator[Sequence[Path]]:
        """The table's Parquet files, in their order, which stay as long as the context is open. Red where one is not
        the archive's."""
        place = self.folder / archive.identity.archive_id / part.name
        with _being_read(place):
            if not (place / _DONE).exists():
                with _fetching[place]:
                    if not (place / _DONE).exists():  # nobody brought it while we waited
                        self._make_room(sum(one.bytes for one in part.parquet))
                        self._fetch(archive, part, place)
            with translated(place):
                os.utime(place / _DONE)
            yield [place / Path(one.path).name for one in part.parquet]

    @contextmanager
    def room(self) -> Iterator[Path]:
        """A folder for what is large and soon over, as long as the context is open."""
        with translated(self.folder):
            room = Path(tempfile.mkdtemp(dir=self.folder, prefix=".room-"))
        try:
            yield room
        finally:
            shutil.rmtree(room, ignore_errors=True)

    def forget(self, archive_id: str) -> None:
        """Keep nothing of this archive."""
        shutil.rmtree(self.folder / archive_id, ignore_errors=True)

    def _fetch(self, archive: Archive, part: ArchivedTable, place: Path) -> None:
        with translated(place):
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            begun = Path(tempfile.mkdtemp(dir=place.parent, prefix=".begun-"))
        try:
            for one in part.parquet:
                key, sha256 = archive.vouched_key(one)
                copy = begun / Path(one.path).name
                with translated(begun), copy.open("wb") as file:
                    for chunk in passing(archive.store, key, sha256):
                        file.write(chunk)
                with translated(begun):
                    with_texts(copy, part.table)
            with translated(place):
                (begun / _DONE).touch()
                shutil.rmtree(place, ignore_errors=True)  # of one that was killed while it was removed
                begun.rename(place)
        finally:
            shutil.rmtree(begun, ignore_errors=True)

    def _make_room(self, coming: int) -> None:
        with _shelving, translated(self.folder):
            held = [(done.stat().st_mtime, done.parent) for done in self.folder.glob(f"*/*/{_DONE}")]
            sizes = {place: sum(file.stat().st_size for file in place.iterdir()) for _, place in held}
            total = coming + sum(sizes.values())
            for _, place in sorted(held):
                if total <= self.most_bytes:
                    return
                if not _readers[place]:
                    (place / _DONE).unlink(missing_ok=True)  # first: without it nobody takes the rest for a table
                    shutil.rmtree(place, ignore_errors=True)
                    total -= sizes[place]


@contextmanager
def _being_read(place: Path) -> Iterator[None]:
    with _shelving:
        _readers[place] += 1
    try:
        yield
    finally:
        with _shelving:
            _readers[place] -= 1
            if not _readers[place]:
                del _readers[place]
