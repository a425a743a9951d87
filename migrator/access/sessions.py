"""Sessions of people at a browser: a cookie holds the key, the table its hash."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from sqlalchemy import ColumnElement, delete, insert, or_, select

from migrator.access import models
from migrator.access.clock import ago, now
from migrator.access.keys import hash_of, new_key
from migrator.access.sightings import Sightings
from migrator.runs.database import Database

IDLE, LONGEST = timedelta(hours=8), timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """A session ends after eight hours without a request, after a day in any case, or when somebody ends it."""

    database: Database

    @cached_property
    def sightings(self) -> Sightings:
        """What of them is still to be noted."""
        return Sightings(database=self.database, key=models.Session.hash, at=models.Session.seen_at)

    def begin(self, account_id: str, *, address: str) -> str:
        """The key for the cookie; it is nowhere else."""
        key = new_key()
        with self.database.transaction() as connection:
            connection.execute(delete(models.Session).where(_is_over()))
            connection.execute(
                insert(models.Session).values(
                    hash=hash_of(key), account_id=account_id, created_at=now(), seen_at=now(), address=address[:64]
                )
            )
        return key

    def account_of(self, key: str) -> str | None:
        """Whose session it is; None where it ended."""
        hash_ = hash_of(key)
        query = select(models.Session.account_id, models.Session.seen_at).where(
            models.Session.hash == hash_, ~_is_over()
        )
        with self.database.reading() as connection:
            found = connection.execute(query).first()
        if found is None:
            return None
        self.sightings.add(hash_, found.seen_at)
        return str(found.account_id)

    def end(self, key: str) -> None:
        with self.database.transaction() as connection:
            connection.execute(delete(models.Session).where(models.Session.hash == hash_of(key)))

    def end_all(self, account_id: str, *, but: str = "") -> None:
        """As after a change of password: whoever else is in gets out."""
        others = (models.Session.account_id == account_id, models.Session.hash != hash_of(but))
        with self.database.transaction() as connection:
            connection.execute(delete(models.Session).where(*others))


def _is_over() -> ColumnElement[bool]:
    return or_(models.Session.seen_at < ago(IDLE), models.Session.created_at < ago(LONGEST))


def form_token(key: str) -> str:
    """What a form of this session must send along, so that no other site can send it: of the key, and not the key."""
    return hmac.new(key.encode(), b"forms of this session", hashlib.sha256).hexdigest()


def is_form_token(key: str, given: str) -> bool:
    return hmac.compare_digest(form_token(key).encode(), given.encode("utf-8", "replace"))
