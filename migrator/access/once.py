"""Requests that start work are done once, however often they are sent: by the key their sender gave them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, insert, select, update

from migrator.access import models
from migrator.access.clock import ago, now
from migrator.runs.database import Database
from storage.errors import Misuse, TransientFault

KEPT = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What was answered the first time."""

    status: int
    body: str


@dataclass(frozen=True, kw_only=True)
class Once:
    database: Database

    def begin(self, principal: str, key: str, digest: str) -> Answered | None:
        """None where it is new: then it is ours to do. Misuse where the key stood for something else; TransientFault
        where the first request is still under way."""
        own = models.IdempotencyKey
        with self.database.transaction() as connection:
            self.database.claim(connection, f"request {principal}/{key}")
            connection.execute(delete(own).where(own.created_at < ago(KEPT)))
            found = connection.execute(select(own.__table__).where(*_is(principal, key))).mappings().first()
            if found is None:
                connection.execute(insert(own).values(principal=principal, key=key, digest=digest, created_at=now()))
                return None
        if found["digest"] != digest:
            raise Misuse("this key stood for another request", where="Idempotency-Key", next="use a new key")
        if found["status"] is None:
            raise TransientFault(
                "the first request with this key is under way", where="Idempotency-Key", next="ask again soon"
            )
        return Answered(status=found["status"], body=found["body"])

    def end(self, principal: str, key: str, answered: Answered) -> None:
        values = {"status": answered.status, "body": answered.body}
        with self.database.transaction() as connection:
            connection.execute(update(models.IdempotencyKey).where(*_is(principal, key)).values(**values))

    def forget(self, principal: str, key: str) -> None:
        """Nothing was done: it may be sent again."""
        with self.database.transaction() as connection:
            connection.execute(delete(models.IdempotencyKey).where(*_is(principal, key)))


def _is(principal: str, key: str) -> tuple[ColumnElement[bool], ...]:
    return models.IdempotencyKey.principal == principal, models.IdempotencyKey.key == key
