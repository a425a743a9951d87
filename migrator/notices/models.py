"""The tables of who is told what. Addresses and secrets are here sealed, and in no other form."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from migrator.runs.models import TENANT, Base

_MOMENT = String(40)
_NAME = String(64)


class Subscription(Base):
    __tablename__ = "subscriptions"

    name: Mapped[str] = mapped_column(_NAME, primary_key=True)
    address: Mapped[str] = mapped_column(Text)  # as it is shown
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    tenant: Mapped[str] = mapped_column(TENANT)  # or `*`
    about: Mapped[list[str]] = mapped_column(JSON)
    told: Mapped[int] = mapped_column(Integer)  # the newest change of a run that was looked at
    created_at: Mapped[str] = mapped_column(_MOMENT)
    created_by: Mapped[str] = mapped_column(String(254))


class Delivery(Base):
    """The outbox: one notice for one subscription, until it arrived or was given up."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_state_due_at", "state", "due_at"),)

    subscription: Mapped[str] = mapped_column(ForeignKey("subscriptions.name", ondelete="CASCADE"), primary_key=True)
    notice: Mapped[str] = mapped_column(String(80), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    made_at: Mapped[str] = mapped_column(_MOMENT)
    state: Mapped[str] = mapped_column(String(10))  # waiting | arrived | given up
    due_at: Mapped[str] = mapped_column(_MOMENT)
    tries: Mapped[int] = mapped_column(Integer)
    said: Mapped[str] = mapped_column(Text)  # what the last try came to
