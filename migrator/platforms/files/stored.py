"""Files in a folder or in a bucket."""

from __future__ import annotations

import shutil
from typing import IO

from migrator.platforms.files.names import ABSENT, OUTSIDE, leads_out, relative, too_large
from storage.errors import Misuse, Red
from storage.objects import ObjectStore

_CHUNK = 1 << 20


class StoredFiles:
    """The objects of a store, by keys or by their whole addresses; safe for threads where the store is."""

    def __init__(self, store: ObjectStore, *, beginnings: tuple[str, ...], longest: int) -> None:
        """`beginnings` are those of whole addresses; `longest` is what a name there may have, in bytes."""
        self._store = store
        self._beginnings = beginnings
        self._longest = longest

    def fetch(self, name: str, into: IO[bytes], *, most: int) -> str | None:
        """Write the file to `into`; where there is none to be had, why. A Fault where the store does not answer."""
        key = relative(name, self._beginnings)
        if key is None or leads_out(key):
            return OUTSIDE
        if any(len(segment.encode()) > self._longest for segment in key.split("/")):
            return ABSENT  # no file has so long a name
        try:
            size = self._store.size(key)
        except Red as link:
            return link.what
        if size is None:
            return ABSENT
        return too_large(size, most) if size > most else self._copied(key, into)

    def _copied(self, key: str, into: IO[bytes]) -> str | None:
        try:
            with self._store.reader(key) as stream:
                shutil.copyfileobj(stream, into, _CHUNK)
        except Misuse:  # it was there when its size was asked for
            return "it was removed while it was read"
        return None
