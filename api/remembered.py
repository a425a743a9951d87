"""What took a while to find out and stays true for a little: kept in this process, newest last, and few."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Remembered(Generic[Found]):
    """At most `most` answers by what was asked, each for `seconds`; an error is not remembered."""

    def __init__(self, *, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, tuple[float, Found]] = OrderedDict()

    def get(self, asked: Hashable) -> Found | None:
        """None where nothing is known, or not any more."""
        with self._lock:
            since, found = self._known.get(asked, (0.0, None))
            return found if time.monotonic() - since < self._seconds else None

    def put(self, asked: Hashable, found: Found) -> None:
        with self._lock:
            self._known[asked] = time.monotonic(), found
            self._known.move_to_end(asked)
            while len(self._known) > self._most:
                self._known.popitem(last=False)

    def found(self, asked: Hashable, find: Callable[[], Found]) -> Found:
        """What is known, else what `find` says."""
        known = self.get(asked)
        if known is None:
            self.put(asked, known := find())
        return known
