"""Links that work once: for the first admin, for a new colleague, for a forgotten password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, insert, select, update

from migrator.access import models
from migrator.access.clock import ahead, now
from migrator.access.keys import hash_of, new_key
from migrator.access.roles import EVERYWHERE, Grant, Role
from migrator.runs.database import Database
from storage.errors import Misuse

FIRST_ADMIN = (Grant(tenant=EVERYWHERE, role=Role.ADMIN),)
LIFETIME = timedelta(hours=1)


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
        with self.database.transaction() as connection:
            row = connection.execute(select(models.Invitation.__table__).where(*_is_open(key))).mappings().first()
        if row is None:
            return None
        grants = tuple(Grant(tenant=one["tenant"], role=Role(one["role"])) for one in row["grants"])
        return Invitation(grants=grants, account_id=row["account_id"])

    def use(self, key: str) -> None:
        """It works no more. Misuse where somebody was quicker."""
        with self.database.transaction() as connection:
            used = update(models.Invitation).where(*_is_open(key)).values(used_at=now())
            if not connection.execute(used).rowcount:
                raise Misuse("the link was used, or is too old", where="link", next="ask an admin for another one")

    def withdraw(self, account_id: str) -> None:
        """No link changes this account's password any more."""
        own = models.Invitation
        with self.database.transaction() as connection:
            connection.execute(delete(own).where(own.account_id == account_id, own.used_at.is_(None)))


def _is_open(key: str) -> tuple[ColumnElement[bool], ...]:
    own = models.Invitation
    return own.hash == hash_of(key), own.used_at.is_(None), own.expires_at > now()
