"""The catalog: what ran, which archives there are, where reports lie. It records; it decides nothing."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from mappings.nearest import nearest
from migrator.outcomes import Verdict
from migrator.runs import models
from migrator.runs.database import Database, open_database
from migrator.runs.upgrade import bring_to_head
from storage import moment
from storage.errors import Fault, MigratorError, Misuse

_TRIES_FOR_AN_ID = 5


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
    """`state` is running, parked, done, failed, or lost: running by the catalog, but its process is gone."""

    run_id: str
    kind: str  # snapshot | rehearsal | migration | verification | rollback
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


@dataclass(frozen=True, kw_only=True)
class ReportRecord:
    run_id: str
    format: str
    path: str
    sha256: str


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
    ) -> RunRecord:
        """Record a run as running, under the next number of its plan and kind; two processes never get the same."""
        now = datetime.now(UTC)
        for _ in range(_TRIES_FOR_AN_ID):
            record = RunRecord(
                run_id=f"{now:%Y%m%dT%H%M%S}-{kind}-{secrets.token_hex(2)}",
                kind=kind,
                number=0,
                plan=plan,
                tenant=tenant,
                state="running",
                started_at=_text(now),
                host=socket.gethostname(),
                process=os.getpid(),
                source=source,
                archive=archive,
                target=target,
                seal=seal,
                of_run=of_run,
                plan_file=plan_file,
            )
            with suppress(IntegrityError):  # somebody else got this id in this second
                return self._numbered(record)
        raise Fault("no free run id", where=f"{plan}/{kind}", next="repeat: another program keeps starting runs")

    def _numbered(self, record: RunRecord) -> RunRecord:
        with self._database.transaction() as connection:
            self._database.claim(connection, f"numbers of {record.plan}/{record.kind}")
            query = select(func.max(models.Run.number)).where(
                models.Run.plan == record.plan, models.Run.kind == record.kind
            )
            numbered = replace(record, number=(connection.execute(query).scalar() or 0) + 1)
            connection.execute(insert(models.Run).values(asdict(numbered)))
        return numbered

    def finish(self, run_id: str, *, verdict: Verdict | None, error: MigratorError | None = None) -> None:
        """The run came to its end; a red one says why."""
        self._end(run_id, "done", verdict=verdict, error=error)

    def park(self, run_id: str) -> None:
        """The run was interrupted; nothing of it is visible."""
        self._end(run_id, "parked")

    def fail(self, run_id: str, error: MigratorError) -> None:
        """A fault or a misuse ended the run."""
        self._end(run_id, "failed", error=error)

    def _end(
        self, run_id: str, state: str, *, verdict: Verdict | None = None, error: MigratorError | None = None
    ) -> None:
        told = {"what": error.what, "where": error.where, "next": error.next} if error else None
        values = {
            "state": state,
            "verdict": verdict and verdict.value,
            "error": told,
            "finished_at": _text(datetime.now(UTC)),
        }
        with self._database.transaction() as connection:
            connection.execute(update(models.Run).where(models.Run.run_id == run_id).values(values))

    def run(self, run_id: str) -> RunRecord:
        """The run of this id or unambiguous beginning; Misuse with near ids."""
        runs = self.runs()
        exact = [run for run in runs if run.run_id == run_id]
        found = exact or [run for run in runs if run.run_id.startswith(run_id)]
        if len(found) == 1 and run_id:
            return found[0]
        if found and run_id:
            names = ", ".join(run.run_id for run in found[:5])
            raise Misuse(f"several runs begin with {run_id!r}", where=run_id, next=f"write more of it: {names}")
        raise Misuse(f"no run {run_id!r}", where="catalog", next=nearest(run_id, [run.run_id for run in runs]))

    def runs(self, *, plan: str | None = None, kind: str | None = None) -> tuple[RunRecord, ...]:
        """Every run, oldest first, of one plan or kind where asked."""
        query = select(models.Run.__table__).order_by(models.Run.started_at, models.Run.run_id)
        if plan is not None:
            query = query.where(models.Run.plan == plan)
        if kind is not None:
            query = query.where(models.Run.kind == kind)
        with self._database.transaction() as connection:
            return tuple(_seen(RunRecord(**row)) for row in connection.execute(query).mappings())

    # ── archives and reports ────────────────────────────────────────────────────────────────────────────────
    def record_archive(self, record: ArchiveRecord) -> None:
        with self._database.transaction() as connection:
            connection.execute(insert(models.Archive).values(asdict(record)))

    def archives(self, *, tenant: str | None = None) -> tuple[ArchiveRecord, ...]:
        """Every archive, oldest first, of one tenant where asked."""
        query = select(models.Archive.__table__).order_by(models.Archive.created_at, models.Archive.archive_id)
        if tenant is not None:
            query = query.where(models.Archive.tenant == tenant)
        with self._database.transaction() as connection:
            return tuple(ArchiveRecord(**row) for row in connection.execute(query).mappings())

    def record_report(self, run_id: str, *, format: str, path: str, content: bytes) -> None:
        """Where a report lies, and the hash it had when it was written."""
        sha256 = hashlib.sha256(content).hexdigest()
        with self._database.transaction() as connection:
            connection.execute(insert(models.Report).values(run_id=run_id, format=format, path=path, sha256=sha256))

    def reports(self, run_id: str) -> tuple[ReportRecord, ...]:
        query = select(models.Report.__table__).where(models.Report.run_id == run_id).order_by(models.Report.format)
        with self._database.transaction() as connection:
            return tuple(ReportRecord(**row) for row in connection.execute(query).mappings())


def without_rows(runs: Iterable[RunRecord]) -> Iterator[str]:
    """Runs that ended and, as far as a catalog knows, left no rows in their target; it must be asked all the same."""
    runs = list(runs)
    rolled_back = {run.of_run for run in runs if run.kind == "rollback"}
    for run in runs:
        is_committed = run.kind == "migration" and run.state == "done" and run.error is None
        if run.state != "running" and (run.run_id in rolled_back or not is_committed):
            yield run.run_id


def _seen(record: RunRecord) -> RunRecord:
    """A run whose process died on this host is lost; the row stays as it was written."""
    if record.state != "running" or record.host != socket.gethostname() or _is_alive(record.process):
        return record
    return replace(record, state="lost")


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _text(at: datetime) -> str:
    return moment.written(at, "microseconds")
