"""Who goes on with a run that nobody performs any more: whoever gets its lock, from the dead or from one that hangs."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass

from migrator.runs.catalog import Catalog
from migrator.runs.liveness.holds import Hold, Holder, Holds
from migrator.runs.records import PATIENCE_S, RunRecord, taken_over
from storage.errors import Misuse

_ENDING_S, _PAUSE_S = 5.0, 0.05


@dataclass(frozen=True, kw_only=True)
class Reaper:
    """`patience_s` is for how long the heart of a run may stand still before its holder is ended; `missed_s` the same
    for one whose lock is free: it is dead, and not only about to take it."""

    catalog: Catalog
    holds: Holds
    patience_s: float = PATIENCE_S
    missed_s: float = 3.0

    def claim(self, record: RunRecord) -> Hold | None:
        """The lock of a run that nobody performs; a holder that hangs is ended first. None where it is in good hands,
        or became another's meanwhile."""
        hold = self._taken(record)
        if hold is None:
            return None
        newest = self.catalog.run(record.run_id)
        if (newest.attempt, newest.state) == (record.attempt, record.state):
            return hold
        hold.release()
        return None

    def needs(self, record: RunRecord) -> Hold:
        """As `claim`, for a run that somebody asked for. Misuse where it is in good hands."""
        hold = self.claim(record)
        if hold is None:
            holder = self.holds.holder(record.run_id)
            raise Misuse(
                f"the run is performed already{f', by {holder.said}' if holder else ''}",
                where=record.run_id,
                next=f"migrator runs follow {record.run_id}",
            )
        return hold

    def needs_new(self, record: RunRecord) -> Hold:
        """The lock of a run that was recorded just now, by this process."""
        hold = self.holds.take(record.run_id)
        if hold is None:
            raise taken_over(record.run_id)
        return hold

    def _taken(self, record: RunRecord) -> Hold | None:
        if record.state not in ("running", "cancelling", "lost"):
            return self.holds.take(record.run_id)
        clock = self.catalog.clock()
        if record.state == "lost" or record.is_silent(clock, self.missed_s):
            if hold := self.holds.take(record.run_id):
                return hold
            holder = self.holds.holder(record.run_id)
            if holder is None or not holder.is_of(record):  # or somebody is about to perform the run
                return None
            if holder.is_gone or record.is_silent(clock, self.patience_s):
                return self._ended(record, holder)
        return None

    def _ended(self, record: RunRecord, holder: Holder) -> Hold | None:
        """The lock, when the run's performer is no more."""
        if holder.can_be_ended_here:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(holder.process, signal.SIGKILL)
        else:  # of one that is gone a network that ended without a word left the session
            self.holds.end(record.run_id)
        until = time.monotonic() + _ENDING_S
        while time.monotonic() < until:
            if hold := self.holds.take(record.run_id):
                return hold
            time.sleep(_PAUSE_S)
        return None
