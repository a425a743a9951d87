"""Repeats what a TransientFault interrupted, and nothing else: one call, or every verb of any object store."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TypeVar

from storage.errors import AlreadyExists, TransientFault
from storage.objects import ObjectInfo, ObjectStore, Sink, Unfinished

_SPOOL = 8 << 20  # bytes kept in memory before a temporary file is used
_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True)
class Retries:
    """Up to `attempts` times, waiting `pause` seconds, doubled every time."""

    attempts: int = 5
    pause: float = 0.2
    sleep: Callable[[float], None] = time.sleep

    def repeat(self, action: Callable[[int], _Result]) -> _Result:
        """What `action` returns, given the number of the attempt, from 0; its last TransientFault is raised."""
        for attempt in range(self.attempts - 1):
            try:
                return action(attempt)
            except TransientFault:
                self.wait(attempt)
        return action(self.attempts - 1)

    def wait(self, attempt: int) -> None:
        self.sleep(self.pause * 2**attempt)


class RetryStore:
    """Repeats each verb. A stream cannot be rewound half-way: objects pass through a temporary file both ways."""

    def __init__(self, store: ObjectStore, retries: Retries | None = None) -> None:
        self._store = store
        self._retries = retries or Retries()

    @property
    def url(self) -> str:
        return self._store.url

    def notes(self) -> tuple[str, ...]:
        return self._store.notes()

    @contextmanager
    def writer(self, key: str, *, exclusive: bool = False) -> Iterator[Sink]:
        with tempfile.SpooledTemporaryFile(_SPOOL) as spool:
            yield spool
            self._retries.repeat(lambda attempt: self._send(key, spool, exclusive, attempt))

    def _send(self, key: str, spool: IO[bytes], exclusive: bool, attempt: int) -> None:
        spool.seek(0)
        try:
            with self._store.writer(key, exclusive=exclusive) as sink:
                shutil.copyfileobj(spool, sink)
        except AlreadyExists:
            # the fault may have struck after the object was made: then it is ours, and this attempt succeeded before
            if attempt == 0 or not self._holds(key, spool):
                raise

    def _holds(self, key: str, spool: IO[bytes]) -> bool:
        spool.seek(0)
        with self._store.reader(key) as stream:
            while True:
                theirs, ours = stream.read(1 << 20), spool.read(1 << 20)
                if theirs != ours:
                    return False
                if not ours:
                    return True

    @contextmanager
    def reader(self, key: str) -> Iterator[IO[bytes]]:
        with tempfile.SpooledTemporaryFile(_SPOOL) as spool:
            self._retries.repeat(lambda _attempt: self._fetch(key, spool))
            spool.seek(0)
            yield spool

    def _fetch(self, key: str, spool: IO[bytes]) -> None:
        spool.seek(0)
        spool.truncate()
        with self._store.reader(key) as stream:
            shutil.copyfileobj(stream, spool)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        last, failures = "", 0
        while True:
            try:
                for info in self._store.list(prefix):
                    if info.key > last:
                        last, failures = info.key, 0
                        yield info
                return
            except TransientFault:
                failures += 1
                if failures >= self._retries.attempts:
                    raise
                self._retries.wait(failures - 1)

    def folders(self, prefix: str = "") -> Iterator[str]:
        yield from self._retries.repeat(lambda _attempt: list(self._store.folders(prefix)))

    def size(self, key: str) -> int | None:
        return self._retries.repeat(lambda _attempt: self._store.size(key))

    def delete(self, key: str) -> None:
        self._retries.repeat(lambda _attempt: self._store.delete(key))

    def unfinished(self) -> Iterator[Unfinished]:
        yield from self._retries.repeat(lambda _attempt: list(self._store.unfinished()))

    def discard(self, unfinished: Unfinished) -> None:
        self._retries.repeat(lambda _attempt: self._store.discard(unfinished))
