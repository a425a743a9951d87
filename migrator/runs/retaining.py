"""Which archives of a plan go by its retention, and why the others stay. It decides; whoever asked removes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.archive import ArchiveSummary


@dataclass(frozen=True, kw_only=True)
class KeptArchive:
    """An archive that is old enough to go and stays all the same."""

    archive: ArchiveSummary
    because: str


@dataclass(frozen=True, kw_only=True)
class Retaining:
    """What a retention makes of every archive there is; `young` counts those it does not reach."""

    goes: tuple[ArchiveSummary, ...] = ()
    stays: tuple[KeptArchive, ...] = ()
    young: int = 0


def retaining(
    archives: Sequence[ArchiveSummary],
    *,
    keep: int,
    age: timedelta,
    now: datetime,
    needed: Callable[[ArchiveSummary], str | None],
) -> Retaining:
    """Of a plan's archives. `needed` says why one must stay all the same, else None; asked of the old."""
    old = [archive for archive in _beyond(archives, keep) if _is_before(archive, now - age)]
    whys = {archive.archive_id: needed(archive) for archive in old}
    return Retaining(
        goes=tuple(archive for archive in old if whys[archive.archive_id] is None),
        stays=tuple(
            KeptArchive(archive=archive, because=because)
            for archive in old
            if (because := whys[archive.archive_id]) is not None
        ),
        young=len(archives) - len(old),
    )


def _beyond(archives: Sequence[ArchiveSummary], keep: int) -> Iterator[ArchiveSummary]:
    """All but the newest of each kind: whole, masked, about one person."""
    kinds = defaultdict[tuple[bool, bool], list[ArchiveSummary]](list)
    for archive in sorted(archives, key=lambda one: (one.created_at, one.archive_id)):
        kinds[archive.masked, archive.subject].append(archive)
    for found in kinds.values():
        yield from found[: -max(keep, 1)]


def _is_before(archive: ArchiveSummary, moment: datetime) -> bool:
    """What does not say when it was made is not old."""
    try:
        return datetime.fromisoformat(archive.created_at) < moment
    except (ValueError, TypeError):
        return False
