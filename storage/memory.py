"""An object store in memory: for tests, and for archives that live as long as the process."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO

from storage.errors import AlreadyExists
from storage.objects import ObjectInfo, Sink, Unfinished, checked_key, missing


class MemoryStore:
    """The contract of storage.objects over a dictionary; safe for threads."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._modified: dict[str, datetime] = {}
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return "memory:"

    @contextmanager
    def writer(self, key: str, *, exclusive: bool = False) -> Iterator[Sink]:
        checked_key(key)
        buffer = io.BytesIO()
        yield buffer
        with self._lock:
            if exclusive and key in self._objects:
                raise AlreadyExists("the object exists already", where=f"{self.url}/{key}", next="read it instead")
            self._modified[key] = datetime.now(UTC)
            self._objects[key] = buffer.getvalue()

    @contextmanager
    def reader(self, key: str) -> Iterator[IO[bytes]]:
        content = self._objects.get(checked_key(key))
        if content is None:
            raise missing(self, key)
        yield io.BytesIO(content)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for key in sorted(self._objects):
            if key.startswith(prefix) and key in self._objects:
                yield ObjectInfo(key=key, size=len(self._objects[key]), modified=self._modified[key])

    def folders(self, prefix: str = "") -> Iterator[str]:
        keys = (key for key in list(self._objects) if key.startswith(prefix) and "/" in key)
        yield from sorted({key.partition("/")[0] for key in keys})

    def size(self, key: str) -> int | None:
        content = self._objects.get(checked_key(key))
        return None if content is None else len(content)

    def delete(self, key: str) -> None:
        self._objects.pop(checked_key(key), None)

    def unfinished(self) -> Iterator[Unfinished]:
        yield from ()  # it goes with its writer

    def discard(self, unfinished: Unfinished) -> None:
        """There is nothing to drop."""

    def notes(self) -> tuple[str, ...]:
        return ()
