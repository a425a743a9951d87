"""The tables of who may do what. Secrets are here as hashes only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from migrator.runs.models import TENANT, Base

_MOMENT = String(40)  # RFC 3339, UTC
_HASH = String(64)  # SHA-256
_ID = String(32)


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("issuer", "subject", name="uq_accounts_issuer_subject"),)

    account_id: Mapped[str] = mapped_column(_ID, primary_key=True)
    login: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password: Mapped[str | None] = mapped_column(Text)  # argon2id, encoded
    issuer: Mapped[str | None] = mapped_column(String(400))  # of OpenID Connect
    subject: Mapped[str | None] = mapped_column(String(255))
    language: Mapped[str] = mapped_column(String(5))
    created_at: Mapped[str] = mapped_column(_MOMENT)
    disabled_at: Mapped[str | None] = mapped_column(_MOMENT)


class AccountGrant(Base):
    __tablename__ = "account_grants"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.account_id", ondelete="CASCADE"), primary_key=True)
    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    role: Mapped[str] = mapped_column(String(10), primary_key=True)


class Session(Base):
    __tablename__ = "sessions"

    hash: Mapped[str] = mapped_column(_HASH, primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.account_id", ondelete="CASCADE"), index=True)
    created_at: Mapped[str] = mapped_column(_MOMENT)
    seen_at: Mapped[str] = mapped_column(_MOMENT)
    address: Mapped[str] = mapped_column(String(64))


class Token(Base):
    __tablename__ = "tokens"

    token_id: Mapped[str] = mapped_column(_ID, primary_key=True)
    hash: Mapped[str] = mapped_column(_HASH, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    made_by: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[str] = mapped_column(_MOMENT)
    expires_at: Mapped[str] = mapped_column(_MOMENT)
    revoked_at: Mapped[str | None] = mapped_column(_MOMENT)
    used_at: Mapped[str | None] = mapped_column(_MOMENT)


class TokenGrant(Base):
    __tablename__ = "token_grants"

    token_id: Mapped[str] = mapped_column(ForeignKey("tokens.token_id", ondelete="CASCADE"), primary_key=True)
    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    role: Mapped[str] = mapped_column(String(10), primary_key=True)


class Invitation(Base):
    """A link that works once: whoever follows it chooses a password, for a new account or for this one."""

    __tablename__ = "invitations"

    hash: Mapped[str] = mapped_column(_HASH, primary_key=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.account_id", ondelete="CASCADE"))
    grants: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    made_by: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[str] = mapped_column(_MOMENT)
    expires_at: Mapped[str] = mapped_column(_MOMENT)
    used_at: Mapped[str | None] = mapped_column(_MOMENT)


class FailedLogin(Base):
    __tablename__ = "failed_logins"
    __table_args__ = (
        Index("ix_failed_logins_login_at", "login", "at"),
        Index("ix_failed_logins_address_at", "address", "at"),
    )

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[str] = mapped_column(_MOMENT)
    login: Mapped[str] = mapped_column(_HASH)  # hashed: people type passwords there, too
    address: Mapped[str] = mapped_column(String(64))


class Approval(Base):
    __tablename__ = "approvals"

    approval_id: Mapped[str] = mapped_column(_ID, primary_key=True)
    tenant: Mapped[str] = mapped_column(TENANT, index=True)
    what: Mapped[str] = mapped_column(String(20))
    plan: Mapped[str] = mapped_column(String(64))
    seal: Mapped[str | None] = mapped_column(_HASH)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(32))
    asked_by_name: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[str] = mapped_column(_MOMENT)
    is_granted: Mapped[bool | None] = mapped_column(Boolean)
    decided_by: Mapped[str | None] = mapped_column(String(32))
    decided_by_name: Mapped[str | None] = mapped_column(String(254))
    decided_at: Mapped[str | None] = mapped_column(_MOMENT)
    words: Mapped[str | None] = mapped_column(Text)
    tried_at: Mapped[str | None] = mapped_column(_MOMENT)
    begun_at: Mapped[str | None] = mapped_column(_MOMENT)
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    run_id: Mapped[str | None] = mapped_column(String(80))


class AuditEntry(Base):
    """Appended, and never changed: each hash is over the one before and this line."""

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    line: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(_HASH)
    tenant: Mapped[str] = mapped_column(TENANT, index=True)


class IdempotencyKey(Base):
    __tablename__ = "idempotency_keys"

    principal: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    digest: Mapped[str] = mapped_column(_HASH)
    status: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[str] = mapped_column(_MOMENT, index=True)
