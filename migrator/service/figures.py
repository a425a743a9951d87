"""How it stands with the whole server, in numbers: what runs, what waits, what ended how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Executable, case, func, select

from migrator.access.models import Approval
from migrator.notices.models import Delivery
from migrator.notices.outbox import STATES
from migrator.runs.database import Database
from migrator.runs.models import Archive, IdleWorker, Run
from migrator.runs.upgrade import require_head
from storage import moment

_SEEN = timedelta(seconds=5)  # a worker that has nothing to perform says so more often


@dataclass(frozen=True, kw_only=True)
class Runs:
    """So many runs of a tenant and kind are in a state; `outcome` is its verdict, else the state itself."""

    tenant: str
    kind: str
    state: str
    outcome: str
    count: int
    ended_at: float | None  # the newest of them; seconds since 1970


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The archives of a tenant."""

    tenant: str
    count: int
    bytes: int
    newest_at: float


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How much waits for somebody, and for how many seconds the first of it."""

    count: int
    longest_s: float


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One reading. `silence_s` is how long nothing was heard of a run under way: the longest."""

    runs: tuple[Runs, ...]
    archives: tuple[Kept, ...]
    queued: Waiting
    approvals: Waiting
    silence_s: float
    idle_workers: int
    notices: dict[str, int]  # by what became of them


@dataclass(frozen=True, kw_only=True)
class Figures:
    database: Database

    def require_catalog(self) -> None:
        """Fault where the catalog does not answer; Misuse where it is of another version than this program."""
        with self.database.transaction() as connection:
            require_head(connection, self.database.where)

    def now(self) -> Standing:
        """Each number asked of the database in one go, none counted here."""
        with self.database.transaction() as connection:
            at = self.database.clock(connection).now
            queued = select(func.count(), func.min(Run.started_at)).where(Run.state == "queued")
            is_open = Approval.is_granted.is_(None)
            asked = select(func.count(), func.min(Approval.asked_at)).where(is_open)
            beaten = select(func.min(Run.heartbeat_at)).where(Run.state.in_(("running", "cancelling")))
            seen = IdleWorker.seen_at >= moment.written(at - _SEEN, "microseconds")
            notices = select(Delivery.state, func.count()).group_by(Delivery.state)
            return Standing(
                runs=_runs(connection),
                archives=_archives(connection),
                queued=_waiting(connection, queued, at),
                approvals=_waiting(connection, asked, at),
                silence_s=_seconds(connection.execute(beaten).scalar(), at),
                idle_workers=connection.execute(select(func.count()).select_from(IdleWorker).where(seen)).scalar_one(),
                notices=dict.fromkeys(STATES, 0) | _counted(connection, notices),
            )


def _runs(connection: Connection) -> tuple[Runs, ...]:
    is_told = (Run.state == "done") & Run.verdict.is_not(None)
    outcome = case((is_told, Run.verdict), else_=Run.state)
    what = (Run.tenant, Run.kind, Run.state, outcome)
    rows = connection.execute(select(*what, func.count(), func.max(Run.finished_at)).group_by(*what).order_by(*what))
    return tuple(
        Runs(tenant=tenant, kind=kind, state=state, outcome=told, count=count, ended_at=_epoch(ended))
        for tenant, kind, state, told, count, ended in rows
    )


def _counted(connection: Connection, query: Executable) -> dict[str, int]:
    return {str(state): int(count) for state, count in connection.execute(query)}


def _archives(connection: Connection) -> tuple[Kept, ...]:
    own = Archive
    query = select(own.tenant, func.count(), func.sum(own.bytes), func.max(own.created_at)).group_by(own.tenant)
    return tuple(
        Kept(tenant=tenant, count=count, bytes=int(size), newest_at=_epoch(newest) or 0.0)
        for tenant, count, size, newest in connection.execute(query.order_by(own.tenant))
    )


def _waiting(connection: Connection, query: Executable, at: datetime) -> Waiting:
    count, first = connection.execute(query).one()
    return Waiting(count=count, longest_s=_seconds(first, at))


def _seconds(since: str | None, at: datetime) -> float:
    return max(0.0, (at - datetime.fromisoformat(since)).total_seconds()) if since else 0.0


def _epoch(written: str | None) -> float | None:
    return datetime.fromisoformat(written).astimezone(UTC).timestamp() if written else None
