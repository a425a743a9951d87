"""The doctor's look at this machine: whether its disks have room for what a migration puts on them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from migrator.contracts import Finding
from migrator.engine.doctor.estimate import Estimates
from storage.local import LocalStore
from storage.objects import ObjectStore
from storage.quantity import said_size

LEAST = 64 << 20
_ARCHIVE_SHARE, _WORKBENCH_SHARE = 1.5, 2.0  # of the data's own size: CSV and Parquet; keys, mapped rows and spill


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder that a migration writes to: what for, and how many bytes for each byte of the tenant's data."""

    what: str
    folder: Path
    share: float = 0.0

    def __str__(self) -> str:
        return f"{self.what} in {self.folder}"


def places(home: Path, store: ObjectStore | None) -> Iterator[Place]:
    """What a migration writes here; `store` where it takes a snapshot, too."""
    yield Place(what="the workbench (TMPDIR)", folder=Path(tempfile.gettempdir()), share=_WORKBENCH_SHARE)
    yield Place(what="runs and reports (MIGRATOR_HOME)", folder=home)
    if isinstance(store, LocalStore):
        yield Place(what="the archive (store)", folder=store.root, share=_ARCHIVE_SHARE)


def look_at_disks(places: Sequence[Place], estimates: Estimates) -> Iterator[Finding]:
    """One finding a place that may not be written, and one a disk: two places on one disk share its room."""
    disks: dict[int, list[Place]] = {}
    for place in places:
        standing = _standing(place.folder)
        if not os.access(standing, os.W_OK | os.X_OK):
            yield Finding(
                what="writable",
                verdict="red",
                found=f"no write permission for {place.what}",
                where=str(standing),
                next="give this user that folder, or name another",
            )
        disks.setdefault(standing.stat().st_dev, []).append(place)
    for sharing in disks.values():
        yield _room(sharing, estimates)


def _room(places: Sequence[Place], estimates: Estimates) -> Finding:
    free = shutil.disk_usage(_standing(places[0].folder)).free
    needed = LEAST + int(sum(place.share for place in places) * (estimates.bytes or 0))
    is_short = free < needed
    # an estimate of every tenant's rows is no reason to refuse one of them
    is_certain = free < LEAST or not estimates.at_most
    about = "at most" if estimates.at_most else "about"
    return Finding(
        what="free space",
        verdict="ok" if not is_short else "red" if is_certain else "warning",
        found=f"{said_size(free)} free, {about} {said_size(needed)} needed, for {', '.join(map(str, places))}",
        next="free space there, or name other folders (TMPDIR, MIGRATOR_HOME, the plan's store)" if is_short else "",
    )


def _standing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there: the rest is made when it is first written to."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
