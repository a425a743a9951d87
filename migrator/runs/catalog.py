"""The catalog: what ran, which archives there are, where reports lie. It records; it decides nothing."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, insert, inspect, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, IntegrityError

from mappings.nearest import nearest
from migrator.outcomes import Verdict
from migrator.runs import models
from storage import moment
from storage.errors import Fault, MigratorError, Misuse

HEAD = "0001"
"""The newest migration; alembic, slow to import, is asked for only where a catalog is not there yet."""

# what goes wrong reaches us as exceptions; without a handler it would be printed between our answers as well
logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())

_BUSY_TIMEOUT_MS = 30_000
_TRIES_FOR_A_NUMBER = 50


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

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Catalog:
        """Open, creating or upgrading it. Fault where it cannot be used, Misuse where a newer program made it."""
        engine = create_engine(url)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _tune_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        catalog = cls(engine)
        try:
            with catalog._transaction() as connection:
                _bring_to_head(connection, _shown(url))
        except BaseException:
            catalog.close()
            raise
        return catalog

    def close(self) -> None:
        self._engine.dispose()

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
        for _ in range(_TRIES_FOR_A_NUMBER):
            record = RunRecord(
                run_id=f"{now:%Y%m%dT%H%M%S}-{kind}-{secrets.token_hex(2)}",
                kind=kind,
                number=self._last_number(plan, kind) + 1,
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
            try:
                with self._transaction() as connection:
                    connection.execute(insert(models.Run).values(asdict(record)))
                return record
            except IntegrityError:
                continue  # somebody else took the number between our look and our insert
        raise Fault(
            "no free run number", where=f"{plan}/{kind}", next="another program keeps starting runs of this plan"
        )

    def _last_number(self, plan: str, kind: str) -> int:
        with self._transaction() as connection:
            query = select(func.max(models.Run.number)).where(models.Run.plan == plan, models.Run.kind == kind)
            return connection.execute(query).scalar() or 0

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
        with self._transaction() as connection:
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
        with self._transaction() as connection:
            return tuple(_seen(RunRecord(**row)) for row in connection.execute(query).mappings())

    # ── archives and reports ────────────────────────────────────────────────────────────────────────────────
    def record_archive(self, record: ArchiveRecord) -> None:
        with self._transaction() as connection:
            connection.execute(insert(models.Archive).values(asdict(record)))

    def archives(self, *, tenant: str | None = None) -> tuple[ArchiveRecord, ...]:
        """Every archive, oldest first, of one tenant where asked."""
        query = select(models.Archive.__table__).order_by(models.Archive.created_at, models.Archive.archive_id)
        if tenant is not None:
            query = query.where(models.Archive.tenant == tenant)
        with self._transaction() as connection:
            return tuple(ArchiveRecord(**row) for row in connection.execute(query).mappings())

    def record_report(self, run_id: str, *, format: str, path: str, content: bytes) -> None:
        """Where a report lies, and the hash it had when it was written."""
        sha256 = hashlib.sha256(content).hexdigest()
        with self._transaction() as connection:
            connection.execute(insert(models.Report).values(run_id=run_id, format=format, path=path, sha256=sha256))

    def reports(self, run_id: str) -> tuple[ReportRecord, ...]:
        query = select(models.Report.__table__).where(models.Report.run_id == run_id).order_by(models.Report.format)
        with self._transaction() as connection:
            return tuple(ReportRecord(**row) for row in connection.execute(query).mappings())

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except DatabaseError as error:
            where = _shown(str(self._engine.url))
            raise Fault(
                f"the catalog cannot be used: {error.orig}",
                where=where,
                next="check disk space and permissions of MIGRATOR_HOME; move a damaged catalog aside",
            ) from error


def _bring_to_head(connection: Connection, where: str) -> None:
    if inspect(connection).has_table("alembic_version"):
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if found == HEAD:
            return
        if found is not None and found > HEAD:
            raise Misuse(
                f"the catalog is of version {found}, this program knows {HEAD}", where=where, next="upgrade migrator"
            )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _tune_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    """Python's driver begins no transaction before a CREATE TABLE: what stops half-way would leave half a catalog."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


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


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)
