"""Removes what killed snapshots left in a store: parts of archives that never became any, and uploads nobody ended.

Another snapshot may be running in the same store, so only what shows no sign of life since a given moment goes:
no object that appeared, no upload that was begun. And only what bears an archive's id: a store may be a corner
of a bucket that others use too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage import bag, moment
from storage.begun import LIST
from storage.identity import is_archive_id
from storage.objects import ObjectInfo, ObjectStore, Unfinished

QUIET = timedelta(hours=24)
"""A snapshot at work makes an object every few minutes, however gently it reads."""


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """What stands under an archive's id without its last object; or its list of parts alone, where it is an archive."""

    archive_id: str
    objects: tuple[ObjectInfo, ...]
    unfinished: tuple[Unfinished, ...]

    @property
    def last_sign(self) -> datetime:
        return max([*(info.modified for info in self.objects), *(one.since for one in self.unfinished)])


def leftovers(store: ObjectStore) -> Iterator[Leftover]:
    """Everything under archive ids that is no archive yet, or never will be."""
    pending: dict[str, list[Unfinished]] = {}
    for one in store.unfinished():
        pending.setdefault(one.folder, []).append(one)
    for name in sorted({folder.removesuffix(LIST) for folder in (*store.folders(), *pending)}):
        if is_archive_id(name):
            unfinished = (*pending.get(name, ()), *pending.get(f"{name}{LIST}", ()))
            yield from _left(store, name, unfinished)


def _left(store: ObjectStore, archive_id: str, unfinished: tuple[Unfinished, ...]) -> Iterator[Leftover]:
    """The objects of what is no archive, none of an archive's; and of either the list of its parts."""
    is_archive = store.size(f"{archive_id}/{bag.TAG_MANIFEST}") is not None
    folders = (f"{archive_id}{LIST}/",) if is_archive else (f"{archive_id}/", f"{archive_id}{LIST}/")
    objects = tuple(info for folder in folders for info in store.list(folder))
    if objects or unfinished:
        name = f"{archive_id}{LIST}" if is_archive and objects else archive_id
        yield Leftover(archive_id=name, objects=objects, unfinished=unfinished)


def sweep(store: ObjectStore, *, before: datetime) -> tuple[Leftover, ...]:
    """Remove every leftover without a sign of life since `before`; what was removed."""
    swept = tuple(leftover for leftover in leftovers(store) if leftover.last_sign < before)
    for leftover in swept:
        for one in leftover.unfinished:
            store.discard(one)
        for info in leftover.objects:
            store.delete(info.key)
    return swept


def swept_in_words(swept: Iterable[Leftover]) -> tuple[str, ...]:
    """One sentence for each."""
    return tuple(
        f"swept {leftover.archive_id}, which a killed run left {moment.written(leftover.last_sign)}:"
        f" {len(leftover.objects)} objects, {len(leftover.unfinished)} unfinished"
        for leftover in swept
    )
