"""A store for one attempt at an archive: once another attempt writes it, nothing appears or goes any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO

from storage.begun import PartList
from storage.errors import Fault
from storage.objects import ObjectInfo, ObjectStore, Sink, Unfinished

_LOOK_S = 1.0
"""A run is taken over that has been silent for several times that: between two looks there is no time for it."""


class ClaimedStore:
    """Passes every verb on; those that change something, only while the attempt is the one that is listed.

    A helper of the attempt has `required`, too, which is asked each time: a Fault once another does its share.
    """

    def __init__(
        self, store: ObjectStore, parts: PartList, attempt: int, *, required: Callable[[], None] | None = None
    ) -> None:
        self._store = store
        self._parts = parts
        self._attempt = attempt
        self._required = required
        self._looked_at: float | None = None

    @property
    def url(self) -> str:
        return self._store.url

    def notes(self) -> tuple[str, ...]:
        return self._store.notes()

    @contextmanager
    def writer(self, key: str, *, exclusive: bool = False) -> Iterator[Sink]:
        with self._store.writer(key, exclusive=exclusive) as sink:
            yield sink
            self._require_ours()  # after the last byte: from here on there is nothing left that could take long

    def delete(self, key: str) -> None:
        self._require_ours()
        self._store.delete(key)

    def discard(self, unfinished: Unfinished) -> None:
        self._require_ours()
        self._store.discard(unfinished)

    def reader(self, key: str) -> AbstractContextManager[IO[bytes]]:
        return self._store.reader(key)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        return self._store.list(prefix)

    def folders(self, prefix: str = "") -> Iterator[str]:
        return self._store.folders(prefix)

    def size(self, key: str) -> int | None:
        return self._store.size(key)

    def unfinished(self) -> Iterator[Unfinished]:
        return self._store.unfinished()

    def _require_ours(self) -> None:
        if self._required is not None:
            self._required()
        if self._looked_at is None or time.monotonic() - self._looked_at > _LOOK_S:
            self.look()

    def look(self) -> None:
        """Fault where another attempt writes."""
        now = time.monotonic()
        begun = self._parts.begun()
        if begun is None or begun.attempt != self._attempt:
            raise Fault(
                "another attempt of this run writes the archive now",
                where=self._parts.archive_id,
                next="nothing is to be done: migrator runs show says what became of the run",
            )
        self._looked_at = now
