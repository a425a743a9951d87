"""The tables of what is kept on a server. Addresses and keys of platforms are here sealed, and in no other form."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from migrator.runs.models import TENANT, Base

_MOMENT = String(40)
_NAME = String(64)


class Tenant(Base):
    __tablename__ = "tenants"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    contact: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(5))
    created_at: Mapped[str] = mapped_column(_MOMENT)


class Platform(Base):
    __tablename__ = "platforms"

    name: Mapped[str] = mapped_column(_NAME, primary_key=True)
    address: Mapped[str] = mapped_column(Text)  # without its password
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    changed_at: Mapped[str] = mapped_column(_MOMENT)
    changed_by: Mapped[str] = mapped_column(String(254))


class PlatformTenant(Base):
    """For whom a platform may be used; `*` for all."""

    __tablename__ = "platform_tenants"

    name: Mapped[str] = mapped_column(ForeignKey("platforms.name", ondelete="CASCADE"), primary_key=True)
    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)


class Document(Base):
    """One version of a plan or a mapping; no version is ever changed."""

    __tablename__ = "documents"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    name: Mapped[str] = mapped_column(_NAME, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    written_at: Mapped[str] = mapped_column(_MOMENT)
    written_by: Mapped[str] = mapped_column(String(254))
