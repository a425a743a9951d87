"""Links that work once: for the first admin, for a new colleague, for a forgotten password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, insert, or_, select, update

from migrator.access import models
from migrator.access.clock import ahead, now
from migrator.access.keys import hash_of, new_key
from migrator.access.roles import EVERYWHERE, Grant, Role
from migrator.runs.database import Database
from storage.errors import Misuse

FIRST_ADMIN = (Grant(tenant=EVERYWHERE, role=Role.ADMIN),)
LIFETIME = timedelta(hours=1)
THE_SERVER = "the server"  # no login: it has a blank
"""Who makes the link for the first admin, as often as it starts and nobody has an account."""


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """What its link lets somebody do: make an account with these roles, or set this account's password."""

    grants: tuple[Grant, ...]
    account_id: str | None


@dataclass(frozen=True, kw_only=True)
class Invitations:
    database: Database

    def make(self, *, grants: Sequence[Grant] = (), account_id: str | None = None, made_by: str) -> str:
        """The key for the link; it is nowhere else."""
        key = new_key()
        with self.database.transaction() as connection:
            connection.execute(
                insert(models.Invitation).values(
                    hash=hash_of(key),
                    account_id=account_id,
                    grants=[asdict(one) for one in grants],
                    made_by=made_by,
                    created_at=now(),
                    expires_at=ahead(LIFETIME),
                )
            )
        return key

    def find(self, key: str) -> Invitation | None:
        """None where it was used, is too old, or never was."""
        with self.database.reading() as connection:
            row = connection.execute(select(models.Invitation.__table__).where(*_is_open(key))).mappings().first()
        if row is None:
            return None
        grants = tuple(Grant(tenant=one["tenant"], role=Role(one["role"])) for one in row["grants"])
        return Invitation(grants=grants, account_id=row["account_id"])

    def use(self, key: str) -> None:
        """It works no more, and no other one of the server's own: who is in lets others in. Misuse where somebody was
        quicker."""
        own = models.Invitation
        with self.database.transaction() as connection:
            self.database.claim(connection, "links")
            if not connection.execute(update(own).where(*_is_open(key)).values(used_at=now())).rowcount:
                raise Misuse("the link was used, or is too old", where="link", next="ask an admin for another one")
            connection.execute(delete(own).where(own.made_by == THE_SERVER, own.used_at.is_(None)))

    def withdraw(self, account_id: str, *, made_by: str = "") -> None:
        """No link changes this account's password any more; nor does one work that was `made_by` its owner."""
        own = models.Invitation
        theirs = or_(own.account_id == account_id, own.made_by == made_by)
        with self.database.transaction() as connection:
            connection.execute(delete(own).where(theirs, own.used_at.is_(None)))


def _is_open(key: str) -> tuple[ColumnElement[bool], ...]:
    own = models.Invitation
    return own.hash == hash_of(key), own.used_at.is_(None), own.expires_at > now()
