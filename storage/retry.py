"""A wrapper of any object store that repeats what a TransientFault interrupted, and nothing else."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TypeVar

from storage.errors import AlreadyExists, TransientFault
from storage.objects import ObjectInfo, ObjectStore, Sink

_SPOOL = 8 << 20  # bytes kept in memory before a temporary file is used
_Result = TypeVar("_Result")


class RetryStore:
    """Repeats each verb up to `attempts` times, waiting `pause` seconds, doubled every time.

    A stream cannot be rewound half-way, so objects pass through a temporary file in both directions.
    """

    def __init__(
        self, store: ObjectStore, *, attempts: int = 5, pause: float = 0.2, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._store = store
        self._attempts = attempts
        self._pause = pause
        self._sleep = sleep

    @property
    def url(self) -> str:
        return self._store.url

    def _repeat(self, action: Callable[[int], _Result]) -> _Result:
        for attempt in range(self._attempts - 1):
            try:
                return action(attempt)
            except TransientFault:
                self._sleep(self._pause * 2**attempt)
        return action(self._attempts - 1)

    @contextmanager
    def writer(self, key: str, *, exclusive: bool = False) -> Iterator[Sink]:
        with tempfile.SpooledTemporaryFile(_SPOOL) as spool:
            yield spool
            self._repeat(lambda attempt: self._send(key, spool, exclusive, attempt))

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
            self._repeat(lambda _attempt: self._fetch(key, spool))
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
                if failures >= self._attempts:
                    raise
                self._sleep(self._pause * 2 ** (failures - 1))

    def size(self, key: str) -> int | None:
        return self._repeat(lambda _attempt: self._store.size(key))

    def delete(self, key: str) -> None:
        self._repeat(lambda _attempt: self._store.delete(key))
