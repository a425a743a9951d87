"""The catalog's tables. Nothing here is peculiar to one database: SQLite by default, PostgreSQL for many workers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TENANT = String(200).with_variant(Text(), "postgresql")  # SQLite keeps to no length


class Base(DeclarativeBase):
    """What Alembic compares the migrations with."""


class Archive(Base):
    __tablename__ = "archives"

    archive_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    location: Mapped[str] = mapped_column(Text)
    tenant: Mapped[str] = mapped_column(TENANT, index=True)
    plan: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[str] = mapped_column(String(40))  # RFC 3339, UTC: reads the same in every database
    rows: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    fingerprint: Mapped[str] = mapped_column(String(64))
    fence: Mapped[dict[str, str]] = mapped_column(JSON)


class Run(Base):
    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("plan", "kind", "number", name="uq_runs_plan_kind_number"),)

    run_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    number: Mapped[int] = mapped_column(Integer)
    plan: Mapped[str] = mapped_column(String(64), index=True)
    tenant: Mapped[str] = mapped_column(TENANT)
    state: Mapped[str] = mapped_column(String(10))
    verdict: Mapped[str | None] = mapped_column(String(10))
    source: Mapped[str | None] = mapped_column(Text)
    archive: Mapped[str | None] = mapped_column(Text)
    target: Mapped[str | None] = mapped_column(Text)
    seal: Mapped[str | None] = mapped_column(String(64))
    of_run: Mapped[str | None] = mapped_column(ForeignKey("runs.run_id"))
    plan_file: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[str] = mapped_column(String(40))
    finished_at: Mapped[str | None] = mapped_column(String(40))
    error: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    host: Mapped[str] = mapped_column(String(255))
    process: Mapped[int] = mapped_column(Integer)
    request: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    attempt: Mapped[int] = mapped_column(Integer, server_default="1")
    worker: Mapped[str | None] = mapped_column(Text)
    heartbeat_at: Mapped[str | None] = mapped_column(String(40))
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    waived: Mapped[str | None] = mapped_column(Text)
    deaths: Mapped[int] = mapped_column(Integer, server_default="0")
    last_step: Mapped[str | None] = mapped_column(Text)
    asked_by: Mapped[str | None] = mapped_column(String(254))
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class RunChange(Base):
    """A run came into a state: numbered as they happened, for whoever was away and asks what came since."""

    __tablename__ = "run_changes"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - no number is given twice

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.run_id", ondelete="CASCADE"), index=True)
    tenant: Mapped[str] = mapped_column(TENANT)
    kind: Mapped[str] = mapped_column(String(20))
    plan: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    verdict: Mapped[str | None] = mapped_column(String(10))
    at: Mapped[str] = mapped_column(String(40))


class Report(Base):
    __tablename__ = "reports"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.run_id"), primary_key=True)
    format: Mapped[str] = mapped_column(String(10), primary_key=True)
    path: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))


class Share(Base):
    __tablename__ = "shares"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10))  # open | taken by a helper | kept by who performs | done | back
    worker: Mapped[str | None] = mapped_column(Text)
    beat_at: Mapped[str | None] = mapped_column(String(40))
    most: Mapped[int] = mapped_column(Integer)  # helpers at once
    handed: Mapped[dict[str, Any]] = mapped_column(JSON)


class IdleWorker(Base):
    __tablename__ = "idle_workers"

    worker: Mapped[str] = mapped_column(Text, primary_key=True)
    seen_at: Mapped[str] = mapped_column(String(40))
