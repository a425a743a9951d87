"""The catalog: what ran, which archives there are, where reports lie. It records; it decides nothing."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Case, ColumnElement, Connection, Select, case, delete, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from migrator.outcomes import Verdict
from migrator.runs import models
from migrator.runs.answers import of_error
from migrator.runs.database import Database, open_database
from migrator.runs.named import named
from migrator.runs.patience import Patience
from migrator.runs.portion import EVERY, Portion, latest
from migrator.runs.records import (
    UNDER_WAY,
    ArchiveRecord,
    Clock,
    ReportRecord,
    RunChange,
    RunRecord,
    seen,
    taken_over,
)
from migrator.runs.request import Request, read_request, written
from migrator.runs.shares import Shares
from migrator.runs.upgrade import bring_to_head
from storage import moment
from storage.errors import Fault, MigratorError, Misuse

_TRIES_FOR_AN_ID = 5
_RUN = tuple(models.Run.__table__.c[column.name] for column in fields(RunRecord))


class Catalog:
    """One connection pool to the catalog; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str) -> Catalog:
        """Open, creating or upgrading it. Fault where it cannot be used; Misuse where the address is wrong, or a newer
        program made it."""
        database = open_database(url)
        try:
            bring_to_head(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def patient(self, patience: Patience) -> Iterator[None]:
        """As long as the context is open, a server that is away is waited for; a file is there or is not."""
        impatient = self._database
        if impatient.is_shared:
            self._database = replace(impatient, patience=patience)
        try:
            yield
        finally:
            self._database = impatient

    def together(self) -> AbstractContextManager[None]:
        """What is recorded meanwhile stands at the end, or nothing of it."""
        return self._database.together()

    # ── runs ────────────────────────────────────────────────────────────────────────────────────────────────
    def start(
        self,
        *,
        kind: str,
        plan: str,
        tenant: str,
        source: str | None = None,
        archive: str | None = None,
        target: str | None = None,
        seal: str | None = None,
        of_run: str | None = None,
        plan_file: str | None = None,
        waived: str | None = None,
        asked_by: str | None = None,
        request: Request | None = None,
        state: str = "running",
    ) -> RunRecord:
        """Record a run under the next number of its plan and kind; two processes never get the same.

        Without a `request` it cannot be resumed. It is `running` here, or `queued` for whichever worker takes it.
        """
        now, clock = datetime.now(UTC), self.clock()
        for _ in range(_TRIES_FOR_AN_ID):
            record = RunRecord(
                run_id=f"{now:%Y%m%dT%H%M%S}-{kind}-{secrets.token_hex(2)}",
                kind=kind,
                number=0,
                plan=plan,
                tenant=tenant,
                state=state,
                attempt=0 if state == "queued" else 1,
                started_at=_text(now),
                host=socket.gethostname(),
                process=os.getpid(),
                source=source,
                archive=archive,
                target=target,
                seal=seal,
                of_run=of_run,
                plan_file=plan_file,
                waived=waived or None,
                asked_by=asked_by,
                heartbeat_at=None if state == "queued" else _text(clock.now),
            )
            with suppress(IntegrityError):  # somebody else got this id in this second
                return self._numbered(record, request)
        raise Fault("no free run id", where=f"{plan}/{kind}", next="repeat: another program keeps starting runs")

    def _numbered(self, record: RunRecord, request: Request | None) -> RunRecord:
        with self._database.transaction() as connection:
            self._database.claim(connection, f"numbers of {record.plan}/{record.kind}")
            query = select(func.max(models.Run.number)).where(
                models.Run.plan == record.plan, models.Run.kind == record.kind
            )
            numbered = replace(record, number=(connection.execute(query).scalar() or 0) + 1)
            values = {**asdict(numbered), "request": written(request) if request else None}
            connection.execute(insert(models.Run).values(values))
            self._tell(connection, record.run_id)
        return numbered

    def take(
        self, record: RunRecord, *, to: str = "running", worker: str | None = None, last_step: str | None = None
    ) -> RunRecord:
        """The run as this process's from now on, by its next attempt. Misuse where it is not as the record says.

        `last_step` is what earlier attempts have finished for good.
        """
        taken = replace(
            record,
            state=to,
            attempt=record.attempt + 1,
            host=socket.gethostname(),
            process=os.getpid(),
            verdict=None,
            error=None,
            finished_at=None,
            worker=worker,
            heartbeat_at=_text(self.clock().now),  # the first: who hangs before the next one is missed, too
            deaths=record.deaths_after(last_step),
            last_step=last_step,
        )
        if not self._change(record, asdict(taken), _as_it_was(record)):
            raise Misuse(
                "somebody else goes on with this run already",
                where=record.run_id,
                next=f"migrator runs show {record.run_id} says how far it is",
            )
        return taken

    def finish(
        self,
        record: RunRecord,
        *,
        verdict: Verdict | None,
        error: MigratorError | None = None,
        answer: dict[str, Any] | None = None,
    ) -> None:
        """The run came to its end; a red one says why. `answer` is what its report does not say (`runs.answers`)."""
        self._end(record, "done", verdict=verdict, error=error, answer=answer)

    def park(self, record: RunRecord) -> None:
        """The run was interrupted; nothing of it is visible. What a worker had begun waits for the next one.

        One that somebody cancelled stays so, until what it left is erased.
        """
        state = "parked" if record.worker is None else "queued"
        self._end(record, case((models.Run.state == "cancelling", "cancelling"), else_=state))

    def fail(self, record: RunRecord, error: MigratorError) -> None:
        """A fault or a misuse ended the run."""
        self._end(record, "failed", error=error)

    def cancelled(self, record: RunRecord) -> None:
        """The run was given up for good; what it left was erased."""
        self._end(record, "cancelled")

    def beat(self, record: RunRecord, progress: dict[str, Any] | None) -> str | None:
        """Say that the run is still performed, and how far it is. Gives its state: `cancelling` where somebody asked
        for its end; None where it is this attempt's no more."""
        ours = (models.Run.run_id == record.run_id, models.Run.attempt == record.attempt)
        under_way = (*ours, models.Run.state.in_(UNDER_WAY))
        with self._database.transaction() as connection:
            values: dict[str, Any] = {"heartbeat_at": _text(self._database.clock(connection).now)}
            if progress is not None:
                values["progress"] = progress
            connection.execute(update(models.Run).where(*under_way).values(values))
            state: str | None = connection.execute(select(models.Run.state).where(*under_way)).scalar()
            return state

    def move(self, record: RunRecord, *, to: str) -> bool:
        """Change the state of a run that is still as the record says; whether it was."""
        return self._change(record, {"state": to}, _as_it_was(record))

    def _end(
        self,
        record: RunRecord,
        state: str | Case[str],
        *,
        verdict: Verdict | None = None,
        error: MigratorError | None = None,
        answer: dict[str, Any] | None = None,
    ) -> None:
        values = {
            "state": state,
            "verdict": verdict and verdict.value,
            "error": _told(error) if error else None,
            "finished_at": _text(datetime.now(UTC)),
            "answer": of_error(error) if error and record.asked_by is not None else answer,
        }
        if not self._change(record, values):
            raise taken_over(record.run_id)

    def _change(self, record: RunRecord, values: dict[str, Any], *also: ColumnElement[bool]) -> bool:
        """Whether it was done: it is not once another attempt has followed the record's."""
        newest = (models.Run.run_id == record.run_id, models.Run.attempt == record.attempt, *also)
        with self._database.transaction() as connection:
            was_done = bool(connection.execute(update(models.Run).where(*newest).values(values)).rowcount)
            if was_done:
                self._tell(connection, record.run_id)
            return was_done

    def _tell(self, connection: Connection, run_id: str) -> None:
        """The state that the run came into, for whoever asks what changed."""
        own, columns = models.Run, ("run_id", "tenant", "kind", "plan", "state", "verdict")
        self._database.claim(connection, "changes")  # else a number could be seen before a smaller one
        now = literal(_text(datetime.now(UTC)))
        told = select(*(getattr(own, name) for name in columns), now).where(own.run_id == run_id)
        connection.execute(insert(models.RunChange).from_select([*columns, "at"], told))

    def changes(self, *, after: int, most: int = 500) -> tuple[RunChange, ...]:
        """The states that runs came into after that change, in their order."""
        own = models.RunChange
        query = select(own.__table__).where(own.number > after).order_by(own.number).limit(most)
        with self._database.reading() as connection:
            return tuple(RunChange(**row) for row in connection.execute(query).mappings())

    def newest_change(self) -> int:
        """The number of the last one; 0 where nothing ever ran."""
        with self._database.reading() as connection:
            return connection.execute(select(func.max(models.RunChange.number))).scalar() or 0

    def answer(self, run_id: str) -> dict[str, Any]:
        """What the run of this id came to beside its report, where somebody asked for it on a server."""
        query = select(models.Run.answer).where(models.Run.run_id == run_id)
        with self._database.reading() as connection:
            return connection.execute(query).scalar() or {}

    def request(self, run_id: str) -> Request | None:
        """What the run of this id was asked for; None where an older version recorded it."""
        query = select(models.Run.request).where(models.Run.run_id == run_id)
        with self._database.reading() as connection:
            told = connection.execute(query).scalar()
        return read_request(told) if told is not None else None

    def run(self, run_id: str) -> RunRecord:
        """The run of this id or unambiguous beginning; Misuse with near ids."""
        if (exact := self.find(run_id)) is not None:
            return exact
        return named(run_id, self.runs())

    def find(self, run_id: str) -> RunRecord | None:
        """The run of exactly this id."""
        return next(iter(self._read(select(*_RUN).where(models.Run.run_id == run_id))), None)

    def clock(self) -> Clock:
        """What silence is measured by."""
        with self._database.reading() as connection:
            return self._database.clock(connection)

    def to_perform(self) -> tuple[RunRecord, ...]:
        """The runs that wait for somebody, or have somebody who may be gone, oldest first."""
        states = models.Run.state.in_((*UNDER_WAY, "queued"))
        query = select(*_RUN).where(states, models.Run.request.is_not(None)).order_by(models.Run.started_at)
        return self._read(query)

    def forget(self, run_id: str) -> None:
        """Keep no record of this run and its reports. Misuse where another run refers to it."""
        try:
            with self._database.transaction() as connection:
                connection.execute(delete(models.Report).where(models.Report.run_id == run_id))
                connection.execute(delete(models.Run).where(models.Run.run_id == run_id))
        except IntegrityError as error:
            raise Misuse("another run refers to this one", where=run_id, next="forget the other one first") from error

    def runs(
        self,
        *,
        plan: str | None = None,
        kind: str | None = None,
        states: Collection[str] = (),
        of_run: str | None = None,
        portion: Portion = EVERY,
    ) -> tuple[RunRecord, ...]:
        """Every run, oldest first, of one plan or kind, in these states or about one load where asked; who is lost is
        recorded as running."""
        own = models.Run
        query = portion.of(select(*_RUN), keys=(own.started_at, own.run_id), tenant=own.tenant)
        if states:
            query = query.where(own.state.in_(states))
        if plan is not None:
            query = query.where(own.plan == plan)
        if kind is not None:
            query = query.where(own.kind == kind)
        if of_run is not None:
            query = query.where(own.of_run == of_run)
        return self._read(query)

    def endings(self, loads: Collection[str]) -> dict[str, RunRecord]:
        """By the load, what took it back or accepted it for good, the last of each; nothing of one that stands."""
        own = models.Run
        ends = own.kind.in_(("rollback", "closing")) & (own.state == "done")
        query = select(*_RUN).where(own.of_run.in_(loads), ends).order_by(own.started_at, own.run_id)
        return {run.of_run: run for run in self._read(query) if run.of_run}

    def newest_runs(self, *, portion: Portion = EVERY) -> tuple[RunRecord, ...]:
        """Of each tenant, plan and kind the run that was begun last, oldest first; however many there were."""
        own = models.Run
        newest = latest(own.run_id, of=(own.tenant, own.plan, own.kind), by=own.started_at)
        query = portion.of(select(*_RUN), keys=(own.started_at, own.run_id), tenant=own.tenant)
        return self._read(query.where(own.run_id.in_(newest)))

    def _read(self, query: Select[Any]) -> tuple[RunRecord, ...]:
        with self._database.reading() as connection:
            clock = self._database.clock(connection)
            return tuple(seen(RunRecord(**row), clock) for row in connection.execute(query).mappings())

    def shares(self, silence_s: float) -> Shares:
        """What workers share of runs; a helper that is not heard of for so long is silent."""
        return Shares(database=self._database, silence_s=silence_s)

    # ── archives and reports ────────────────────────────────────────────────────────────────────────────────
    def record_archive(self, record: ArchiveRecord) -> None:
        """Once: an attempt that was killed after it may have recorded the same."""
        earlier = delete(models.Archive).where(models.Archive.archive_id == record.archive_id)
        with self._database.transaction() as connection:
            connection.execute(earlier)
            connection.execute(insert(models.Archive).values(asdict(record)))

    def forget_archive(self, location: str) -> None:
        """Keep no record of the archive that was there; no error where there is none."""
        with self._database.transaction() as connection:
            connection.execute(delete(models.Archive).where(models.Archive.location == location))

    def archives(self, *, tenant: str | None = None, portion: Portion = EVERY) -> tuple[ArchiveRecord, ...]:
        """Every archive, oldest first, of one tenant where asked."""
        own = models.Archive
        query = portion.of(select(own.__table__), keys=(own.created_at, own.archive_id), tenant=own.tenant)
        return self._read_archives(query if tenant is None else query.where(own.tenant == tenant))

    def newest_archives(self, *, portion: Portion = EVERY) -> tuple[ArchiveRecord, ...]:
        """Of each tenant the archive that was taken last."""
        own = models.Archive
        newest = latest(own.archive_id, of=(own.tenant,), by=own.created_at)
        query = portion.of(select(own.__table__), keys=(own.created_at, own.archive_id), tenant=own.tenant)
        return self._read_archives(query.where(own.archive_id.in_(newest)))

    def find_archive(self, archive_id: str) -> ArchiveRecord | None:
        query = select(models.Archive.__table__).where(models.Archive.archive_id == archive_id)
        return next(iter(self._read_archives(query)), None)

    def _read_archives(self, query: Select[Any]) -> tuple[ArchiveRecord, ...]:
        with self._database.reading() as connection:
            return tuple(ArchiveRecord(**row) for row in connection.execute(query).mappings())

    def record_report(self, run_id: str, *, format: str, path: str, content: bytes) -> None:
        """Where a report lies, and the hash it had when it was written; an earlier attempt's is not the run's."""
        sha256 = hashlib.sha256(content).hexdigest()
        earlier = delete(models.Report).where(models.Report.run_id == run_id, models.Report.format == format)
        with self._database.transaction() as connection:
            connection.execute(earlier)
            connection.execute(insert(models.Report).values(run_id=run_id, format=format, path=path, sha256=sha256))

    def reports(self, run_id: str) -> tuple[ReportRecord, ...]:
        query = select(models.Report.__table__).where(models.Report.run_id == run_id).order_by(models.Report.format)
        with self._database.reading() as connection:
            return tuple(ReportRecord(**row) for row in connection.execute(query).mappings())


def _as_it_was(record: RunRecord) -> ColumnElement[bool]:
    return models.Run.state == ("running" if record.state == "lost" else record.state)


def _told(error: MigratorError) -> dict[str, str]:
    return {"what": error.what, "where": error.where, "next": error.next, "exit_code": str(error.exit_code)}


def _text(at: datetime) -> str:
    return moment.written(at, "microseconds")
