"""What the catalog keeps: a run, an archive, a report, each as one value."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from storage.errors import Fault

PATIENCE_S = 10.0  # the heart of a run beats every second: one that was silent for longer hangs
UNDER_WAY = ("running", "cancelling")
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The moment by the clock that hearts beat by, and since when they can: who was away made nobody silent."""

    now: datetime
    since: datetime = _EVER


@dataclass(frozen=True, kw_only=True)
class ArchiveRecord:
    archive_id: str
    location: str
    tenant: str
    plan: str
    created_at: str
    rows: int
    bytes: int
    fingerprint: str
    fence: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """`state` is queued, running, cancelling (somebody asked for its end), parked, done, failed, cancelled, or lost:
    running, but its process is gone or its heart stands still.

    What it was asked for is read by itself (`Catalog.request`): a list of runs is not to hold every plan.
    """

    run_id: str
    kind: str  # snapshot | rehearsal | migration | verification | rollback | restore | closing | removal
    number: int  # per plan and kind, from 1
    plan: str
    tenant: str
    state: str
    verdict: str | None = None
    source: str | None = None  # addresses arrive here redacted
    archive: str | None = None
    target: str | None = None
    seal: str | None = None
    of_run: str | None = None
    plan_file: str | None = None
    started_at: str
    finished_at: str | None = None
    error: dict[str, str] | None = None
    host: str
    process: int
    attempt: int = 1  # of those who performed it, one after the other, the newest
    worker: str | None = None
    heartbeat_at: str | None = None
    progress: dict[str, Any] | None = None
    waived: str | None = None
    deaths: int = 0  # of attempts in a row that ended with their process, each without another step
    last_step: str | None = None  # that was finished when the newest attempt began
    asked_by: str | None = None  # on a server: its plan is read for its tenant, and not by the environment

    @property
    def is_under_way(self) -> bool:
        """Whether somebody performs it, as far as is recorded."""
        return self.state in UNDER_WAY

    def is_silent(self, clock: Clock, seconds: float) -> bool:
        """Whether it is recorded that its heart beat, and not that it did in the last so many seconds."""
        if self.heartbeat_at is None:
            return False
        since = max(datetime.fromisoformat(self.heartbeat_at), clock.since)
        return clock.now - since > timedelta(seconds=seconds)

    def deaths_after(self, last_step: str | None) -> int:
        """How many attempts in a row will have died, whoever goes on with it now, after this step."""
        is_dead = self.is_under_way or self.state == "lost"
        return self.deaths + 1 if is_dead and last_step == self.last_step else 0


@dataclass(frozen=True, kw_only=True)
class RunChange:
    """A run came into a state; `number` grows with every change of any run."""

    number: int
    run_id: str
    tenant: str
    kind: str
    plan: str
    state: str
    verdict: str | None
    at: str


@dataclass(frozen=True, kw_only=True)
class ReportRecord:
    run_id: str
    format: str
    path: str
    sha256: str


def without_rows(runs: Iterable[RunRecord]) -> Iterator[str]:
    """Runs that ended and, as far as a catalog knows, left no rows in their target; it must be asked all the same."""
    runs = list(runs)
    rollbacks = [run for run in runs if run.kind == "rollback"]
    rolled_back, going = {run.of_run for run in rollbacks}, {run.of_run for run in rollbacks if run.is_under_way}
    for run in runs:
        is_committed = run.kind == "migration" and run.state == "done" and run.error is None
        is_at_work = run.is_under_way or run.run_id in going
        if not is_at_work and (run.run_id in rolled_back or not is_committed):
            yield run.run_id


def taken_over(run_id: str) -> Fault:
    """What is said to an attempt that another has followed."""
    return Fault(
        "somebody else has taken this run over; what was done here since then is not recorded",
        where=run_id,
        next=f"migrator runs show {run_id} says who performs it now",
    )


def seen(record: RunRecord, clock: Clock) -> RunRecord:
    """A run whose process died on this host, or whose heart stands still, is lost; the row stays as it was written."""
    if record.state != "running" or not (_is_gone(record) or record.is_silent(clock, PATIENCE_S)):
        return record
    return replace(record, state="lost")


def _is_gone(record: RunRecord) -> bool:
    return record.host == socket.gethostname() and not is_alive(record.process)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
