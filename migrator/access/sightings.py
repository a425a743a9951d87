"""When keys were last used: noted now and then for all at once, so that who only reads waits for nobody who writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import InstrumentedAttribute

from migrator.access.clock import ago, now
from migrator.runs.database import Database

_EVERY = timedelta(minutes=1)  # not each time


@dataclass(frozen=True, kw_only=True)
class Sightings:
    """`at` is the column that says when, `key` the one of the hash that came."""

    database: Database
    key: InstrumentedAttribute[str]
    at: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]
    _seen: set[str] = field(default_factory=set, repr=False)

    def add(self, key: str, last: str | None) -> None:
        """It was used now; `last` is what its row says so far."""
        if last is None or last < ago(_EVERY):
            self._seen.add(key)

    def note(self) -> None:
        """Write it down. What cannot be is lost: whoever comes again is seen again. Fault where the catalog is away."""
        seen = [self._seen.pop() for _ in range(len(self._seen))]
        if seen:
            with self.database.transaction() as connection:
                connection.execute(update(self.key.class_).where(self.key.in_(seen)).values({self.at: now()}))
