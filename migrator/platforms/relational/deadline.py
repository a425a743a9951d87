"""How long a merge may hold its locks: `target.max_lock_s` of the plan."""

from __future__ import annotations

import time

from storage.errors import Red


class Deadline:
    """The end of that time, counted from now; None is never over."""

    def __init__(self, max_seconds: int | None, where: str) -> None:
        self._max_seconds = max_seconds
        self._where = where
        self._end = None if max_seconds is None else time.monotonic() + max_seconds

    @property
    def left(self) -> float | None:
        """Seconds that are left, less than none where it is over; None where it never is."""
        return None if self._end is None else self._end - time.monotonic()

    @property
    def is_over(self) -> bool:
        return self._end is not None and time.monotonic() > self._end

    def require(self) -> None:
        """Red where it is over."""
        if self.is_over:
            raise self.passed()

    def passed(self) -> Red:
        """The answer where the locks would be held for longer."""
        return Red(
            f"the locks would have been held for more than {self._max_seconds} s; nothing was committed",
            where=self._where,
            next="raise target.max_lock_s, or load at an hour when nobody needs the target",
        )
