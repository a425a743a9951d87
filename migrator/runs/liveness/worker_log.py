"""What a worker says for its log: what it began, took over and finished, each once, with the run's id."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from storage.errors import MigratorError

Say = Callable[[str, str, str], None]
"""Takes a run's id and its tenant, "" where it is about none, and words of one line."""


class WorkerLog:
    """Remembers what was said last: whatever lasts is told once."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._away: type[MigratorError] | None = None
        self._left: dict[str, float] = {}
        self._tenants: dict[str, str] = {}

    def about(self, run_id: str, tenant: str) -> None:
        """Whose the run is that is spoken of from now on."""
        self._tenants = {run_id: tenant}

    def tell(self, run_id: str, words: str) -> None:
        self._say(run_id, self._tenants.get(run_id, ""), words)

    def stopped(self, run_id: str, error: MigratorError) -> None:
        """It did not come to its end here, or came to a red one."""
        where = f" ({error.where})" if error.where and error.where != run_id else ""
        self.tell(run_id, f"stopped: {error.what}{where}; {error.next}")

    def away(self, error: MigratorError) -> None:
        """The catalog cannot be used just now."""
        if type(error) is not self._away:  # a server that goes away says so in several words
            self.tell("", f"{error.what} ({error.where}); tried again until it can be: {error.next}")
        self._away = type(error)

    def reached(self) -> bool:
        """The catalog can be used; whether it could not before."""
        was_away, self._away = self._away is not None, None
        if was_away:
            self.tell("", "the catalog answers again")
        return was_away

    def leave(self, run_id: str, seconds: float = math.inf) -> None:
        """This process cannot perform that run; another may, and has so long to come to it."""
        self._left[run_id] = time.monotonic() + seconds

    def is_left(self, run_id: str) -> bool:
        return self._left.get(run_id, 0) > time.monotonic()

    def was_left(self, run_id: str) -> bool:
        return run_id in self._left
