"""Tables of archives as files of this machine, each byte known to be right; what was read last stays longest."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.archive import Archive, ArchivedTable
from storage.system import translated
from storage.verified import passing

_DONE = "whole"


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Holds about so many bytes; a table that is larger alone is held all the same, while it is read."""

    folder: Path
    most_bytes: int

    def table(self, archive: Archive, part: ArchivedTable) -> Sequence[Path]:
        """The table's Parquet files, in their order. Red where one is not the archive's."""
        place = self.folder / archive.identity.archive_id / part.name
        if not (place / _DONE).exists():
            self._make_room(sum(one.bytes for one in part.parquet), but=place)
            self._fetch(archive, part, place)
        with translated(place):
            os.utime(place / _DONE)
        return [place / Path(one.path).name for one in part.parquet]

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
                with translated(begun), (begun / Path(one.path).name).open("wb") as file:
                    for chunk in passing(archive.store, key, sha256):
                        file.write(chunk)
            with translated(place):
                (begun / _DONE).touch()
                shutil.rmtree(place, ignore_errors=True)  # of one that was killed while it was removed
                begun.rename(place)
        finally:
            shutil.rmtree(begun, ignore_errors=True)

    def _make_room(self, coming: int, *, but: Path) -> None:
        with translated(self.folder):
            held = [(done.stat().st_mtime, done.parent) for done in self.folder.glob(f"*/*/{_DONE}")]
            sizes = {place: sum(file.stat().st_size for file in place.iterdir()) for _, place in held}
        total = coming + sum(sizes.values())
        for _, place in sorted(held):
            if total <= self.most_bytes:
                return
            if place != but:
                (place / _DONE).unlink(missing_ok=True)  # first: without it nobody takes the rest for a table
                shutil.rmtree(place, ignore_errors=True)
                total -= sizes[place]
