"""Steps of runs that workers share: offered by who performs the run, taken by workers that have none to perform.

Each is one process's at a time. A helper beats for what it has taken; what a silent one has is anybody's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select, update
from sqlalchemy.orm import aliased

from migrator.runs.database import Database
from migrator.runs.models import IdleWorker, Run
from migrator.runs.models import Share as Stored
from storage import moment

_IDLE_S = 5.0
"""A worker without anything to perform says so every two seconds."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """A step of an attempt at a run, as a helper takes it; `handed` is what it needs to know."""

    run_id: str
    attempt: int
    name: str
    handed: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Every share of a catalog; every method is one transaction. A helper is silent after `silence_s` seconds."""

    database: Database
    silence_s: float

    # ── who could help ──────────────────────────────────────────────────────────────────────────────────────
    def announce(self, worker: str) -> None:
        """This worker has nothing to perform."""
        with self.database.transaction() as connection:
            now = self.database.clock(connection).now
            is_old = IdleWorker.seen_at < _text(now - timedelta(seconds=_IDLE_S))
            connection.execute(delete(IdleWorker).where((IdleWorker.worker == worker) | is_old))
            connection.execute(insert(IdleWorker).values(worker=worker, seen_at=_text(now)))

    def idle(self) -> int:
        """How many workers have nothing to perform."""
        with self.database.transaction() as connection:
            since = self.database.clock(connection).now - timedelta(seconds=_IDLE_S)
            query = select(func.count()).select_from(IdleWorker).where(IdleWorker.seen_at >= _text(since))
            return int(connection.execute(query).scalar() or 0)

    # ── of who performs the run ─────────────────────────────────────────────────────────────────────────────
    def offer(
        self, run_id: str, attempt: int, sizes: Mapping[str, int], handed: Mapping[str, Any], *, most: int
    ) -> None:
        """To `most` helpers at once, besides what this attempt offered before; nothing unless it performs the run.

        What an earlier attempt offered is not to be had any more.
        """
        common = {"run_id": run_id, "attempt": attempt, "state": "open", "most": most}
        offered = [{**common, "name": name, "size": size, "handed": handed[name]} for name, size in sizes.items()]
        with self.database.transaction() as connection:
            if connection.execute(_performed(run_id, attempt)).first() is None:
                return
            is_over = (Stored.attempt != attempt) | Stored.name.in_(sizes)
            connection.execute(delete(Stored).where(Stored.run_id == run_id, is_over))
            connection.execute(insert(Stored), offered)

    def keep(self, run_id: str, attempt: int, name: str) -> bool:
        """Take it for good, unless a helper has done it, or is at it; what is not offered any more is nobody else's."""
        with self.database.transaction() as connection:
            is_free = Stored.state.in_(("open", "back", "kept")) | self._is_silent(connection)
            kept = update(Stored).where(_is(run_id, attempt, name), is_free).values(state="kept", worker=None)
            is_ours = connection.execute(kept).rowcount == 1
            return is_ours or connection.execute(select(Stored.name).where(_is(run_id, attempt, name))).first() is None

    def is_done(self, run_id: str, attempt: int, name: str) -> bool:
        """Whether a helper has done it."""
        query = select(Stored.state).where(_is(run_id, attempt, name))
        with self.database.transaction() as connection:
            return connection.execute(query).scalar() == "done"

    def withdraw(self, run_id: str, attempt: int) -> None:
        """Nothing of this attempt, or of one before, is shared any more; who is at it learns so when it next beats."""
        with self.database.transaction() as connection:
            connection.execute(delete(Stored).where(Stored.run_id == run_id, Stored.attempt <= attempt))

    # ── of helpers ──────────────────────────────────────────────────────────────────────────────────────────
    def next(self, worker: str, *, run_id: str | None = None, but: Collection[str] = ()) -> Share | None:
        """Take the largest there is, of one run or of any `but` these; None where nothing is to be had."""
        with self.database.transaction() as connection:
            self.database.claim(connection, "shares")  # of two who count the helpers one is first
            found = connection.execute(self._open(connection, run_id, but)).mappings().first()
            if found is None:
                return None
            share, now = Share(**found), _text(self.database.clock(connection).now)
            is_it = _is(share.run_id, share.attempt, share.name)
            connection.execute(update(Stored).where(is_it).values(state="taken", worker=worker, beat_at=now))
            return share

    def beat(self, share: Share, worker: str) -> bool:
        """Whether it is this worker's still."""
        return self._changed(share, worker, state="taken")

    def end(self, share: Share, worker: str, *, state: str) -> bool:
        """It is `done`, given `back` to who performs the run, for no other helper, or `open` again. False where it is
        another's."""
        return self._changed(share, worker, state=state)

    def _changed(self, share: Share, worker: str, *, state: str) -> bool:
        is_taken = (_is(share.run_id, share.attempt, share.name), Stored.state == "taken", Stored.worker == worker)
        is_ours = (*is_taken, _performed(share.run_id, share.attempt).exists())
        with self.database.transaction() as connection:
            now = _text(self.database.clock(connection).now)
            return connection.execute(update(Stored).where(*is_ours).values(state=state, beat_at=now)).rowcount == 1

    def _open(self, connection: Connection, run_id: str | None, but: Collection[str]) -> Select[Any]:
        """The largest first, of runs that are performed and have fewer helpers than they can do with."""
        is_silent = self._is_silent(connection)
        other = aliased(Stored)
        helpers = select(func.count()).where(other.run_id == Stored.run_id, other.state == "taken").scalar_subquery()
        return (
            select(Stored.run_id, Stored.attempt, Stored.name, Stored.handed)
            .join(Run, (Run.run_id == Stored.run_id) & (Run.attempt == Stored.attempt) & (Run.state == "running"))
            .where(((Stored.state == "open") & (helpers < Stored.most)) | is_silent)
            .where(Stored.run_id == run_id if run_id is not None else Stored.run_id.not_in(but))
            .order_by(Stored.size.desc(), Stored.run_id, Stored.name)
            .limit(1)
        )

    def _is_silent(self, connection: Connection) -> ColumnElement[bool]:
        """Of who has taken it nothing was heard, though they could be."""
        clock = self.database.clock(connection)
        limit = clock.now - timedelta(seconds=self.silence_s)
        if clock.since > limit:
            limit = datetime.min.replace(tzinfo=UTC)
        return (Stored.state == "taken") & (Stored.beat_at < _text(limit))


def _performed(run_id: str, attempt: int) -> Select[Any]:
    """The run, as long as this attempt performs it."""
    return select(Run.run_id).where(Run.run_id == run_id, Run.attempt == attempt, Run.state == "running")


def _is(run_id: str, attempt: int, name: str) -> ColumnElement[bool]:
    return (Stored.run_id == run_id) & (Stored.attempt == attempt) & (Stored.name == name)


def _text(at: datetime) -> str:
    return moment.written(at, "microseconds")
