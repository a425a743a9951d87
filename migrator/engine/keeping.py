"""Somebody outside of this process who holds the fence, so that a run that is killed can go on within it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from threading import Event, Thread
from typing import Protocol, Self

from migrator.contracts import Fence
from storage.errors import MigratorError

WORTH_S = 3.0
"""What is read in less is read again, and costs no process of its own."""

_LOOK_S = 0.2


class Keeper(Protocol):
    """Another process; `fence` is how its view is joined."""

    @property
    def fence(self) -> Fence: ...

    def is_gone(self, seconds: float) -> bool:
        """Whether it has ended; it is waited for for that long."""
        ...

    def close(self) -> None:
        """Look after it no more; it goes on by itself."""
        ...


Keep = Callable[[Fence], Keeper]
"""Have another process hold this view as well. FenceLost, or a Fault, where it cannot."""


class Keeping:
    """A context in which the fence has a keeper soon, and another one soon after that is gone.

    `kept` is told each, from a thread of its own. Where no keeper can be had, the reading goes on without.
    """

    def __init__(self, fence: Fence, keep: Keep, kept: Callable[[Fence], None], *, after_s: float = WORTH_S) -> None:
        self._fence = fence
        self._keep = keep
        self._kept = kept
        self._after_s = after_s
        self._over = Event()
        self._thread = Thread(target=self._watch, name="migrator keeping", daemon=True)

    def __enter__(self) -> Self:
        if self._fence.handle is not None:
            self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _watch(self) -> None:
        with suppress(MigratorError):  # the reading goes on without; stopped, it begins anew
            while not self._over.wait(self._after_s):
                with closing(self._keep(self._fence)) as keeper:
                    self._kept(keeper.fence)
                    while not (self._over.is_set() or keeper.is_gone(_LOOK_S)):
                        pass
