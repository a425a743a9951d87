"""A source whose points in time can be joined, without a server: each is a copy of a SQLite file, and who holds it."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from migrator.contracts import Fence, Held, Reading
from migrator.platforms.sqlite.source import SqliteReading, SqliteSource
from storage.errors import FenceLost


@dataclass(kw_only=True)
class Views:
    """Who holds which copy, beyond the life of a source: what a server would know."""

    folder: Path
    holders: dict[str, Path] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    read: list[str] = field(default_factory=list)  # the tables whose rows were read in full

    def hold(self, copy: Path) -> str:
        handle = f"holder {next(self.numbers)}"
        self.holders[handle] = copy
        return handle


class JoinableSource(SqliteSource):
    def __init__(self, path: Path, views: Views) -> None:
        super().__init__(f"sqlite:///{path}")
        self._original = path
        self._views = views

    @contextmanager
    def fence(self) -> Iterator[SqliteReading]:
        copy = self._views.folder / f"view-{next(self._views.numbers)}.db"
        shutil.copyfile(self._original, copy)
        with self._read(copy, None) as reading:
            yield reading

    @contextmanager
    def join(self, fence: Fence) -> Iterator[Reading]:
        with self._read(self._held(fence), fence) as reading:
            yield reading

    @contextmanager
    def hold(self, fence: Fence) -> Iterator[Held]:
        yield Keeper(self._views, replace(fence, handle=self._views.hold(self._held(fence))))

    def release(self, fence: Fence) -> None:
        self._views.holders.pop(fence.handle or "", None)

    def _held(self, fence: Fence) -> Path:
        if fence.handle not in self._views.holders:
            raise FenceLost("nobody holds it", where=fence.token, next="take another")
        return self._views.holders[fence.handle]

    @contextmanager
    def _read(self, copy: Path, fence: Fence | None) -> Iterator[SqliteReading]:
        with SqliteSource(f"sqlite:///{copy}").fence() as reading:
            handle = self._views.hold(copy)
            reading.fence = replace(fence or replace(reading.fence, token=copy.name), handle=handle)
            scan = reading.scan

            def noted(table, predicate, *, columns=None, distinct=False):  # type: ignore[no-untyped-def]
                if columns is None:
                    self._views.read.append(table.name)
                return scan(table, predicate, columns=columns, distinct=distinct)

            reading.scan = noted  # type: ignore[method-assign]
            try:
                yield reading
            finally:
                self._views.holders.pop(handle, None)


class Keeper:
    """What holds a view for others; it ends when it is told to, or is released."""

    def __init__(self, views: Views, fence: Fence) -> None:
        self.fence = fence
        self._views = views
        self._over = Event()

    def is_joined(self) -> bool:
        return len(self._views.holders) > 1

    def close(self) -> None:
        """Nothing is held beside it."""

    def is_gone(self, seconds: float) -> bool:
        return self._over.wait(min(seconds, 0.01)) or self.fence.handle not in self._views.holders


def keeping(views: Views, fence: Fence) -> Keeper:
    """Have a keeper hold this view."""
    copy = views.holders[fence.handle or ""]
    return Keeper(views, replace(fence, handle=views.hold(copy)))
