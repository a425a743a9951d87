"""Requests that start work are done once, however often they are sent: by the key their sender gave them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from migrator.access import models
from migrator.access.clock import ago, now
from migrator.runs.database import Database
from storage.errors import Misuse

KEPT = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Key:
    """What its sender calls a request, and a digest of the request that is called so."""

    principal: str
    key: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What was answered the first time."""

    status: int
    body: str


class AlreadyAnswered(Exception):  # noqa: N818 - nothing went wrong: the same was begun, and asked for here
    """Ends what is done for a request that was answered meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Once:
    database: Database

    def find(self, key: Key) -> Answered | None:
        """None where nothing was begun for it. Misuse where the key stood for something else."""
        own = models.IdempotencyKey
        is_it = (own.principal == key.principal, own.key == key.key, own.created_at >= ago(KEPT))
        with self.database.reading() as connection:
            found = connection.execute(select(own.__table__).where(*is_it)).mappings().first()
        if found is None:
            return None
        if found["digest"] != key.digest:
            raise Misuse("this key stood for another request", where="Idempotency-Key", next="use a new key")
        return Answered(status=found["status"], body=found["body"])

    def keep(self, key: Key, answered: Answered) -> None:
        """Done together with what is begun for it, so that neither is there without the other.

        AlreadyAnswered where somebody else was quicker: then nothing is to be begun here.
        """
        own = models.IdempotencyKey
        try:
            with self.database.transaction() as connection:
                connection.execute(delete(own).where(own.created_at < ago(KEPT)))
                connection.execute(insert(own).values(**vars(key), **vars(answered), created_at=now()))
        except IntegrityError as error:
            raise AlreadyAnswered from error
