"""How often somebody may try a password: by login, and by where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from migrator.access import models
from migrator.access.clock import ago, now
from migrator.access.keys import hash_of
from migrator.runs.database import Database

PERIOD = timedelta(minutes=15)
BY_LOGIN, BY_ADDRESS = 5, 20


@dataclass(frozen=True, kw_only=True)
class Try:
    """`number` is None where it is not listened to, for as long as `wait` says."""

    number: int | None = None
    wait: timedelta = timedelta()


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """Counts what failed in the last quarter of an hour. What was right is not counted.

    A try counts as failed until it was right: of many that come at once, no more are listened to than one by one.
    """

    database: Database

    def tried(self, login: str, address: str) -> Try:
        """A try that is counted, or how long this login, or whoever comes from this address, has to wait."""
        by = (
            (models.FailedLogin.login == _login(login), BY_LOGIN),
            (models.FailedLogin.address == address[:64], BY_ADDRESS),
        )
        counted = insert(models.FailedLogin).values(at=now(), login=_login(login), address=address[:64])
        with self.database.transaction() as connection:
            self.database.claim(connection, "logins")
            connection.execute(delete(models.FailedLogin).where(models.FailedLogin.at < ago(PERIOD)))
            if wait := max(_wait(connection, is_theirs, most) for is_theirs, most in by):
                return Try(wait=wait)
            return Try(number=connection.execute(counted.returning(models.FailedLogin.number)).scalar_one())

    def was_right(self, tried: Try) -> None:
        with self.database.transaction() as connection:
            connection.execute(delete(models.FailedLogin).where(models.FailedLogin.number == tried.number))


def _wait(connection: Connection, is_theirs: ColumnElement[bool], most: int) -> timedelta:
    recent = select(func.count(), func.min(models.FailedLogin.at)).where(is_theirs)
    count, first = connection.execute(recent).one()
    if count < most:
        return timedelta()
    return max(datetime.fromisoformat(first) + PERIOD - datetime.now(UTC), timedelta(seconds=1))


def _login(login: str) -> str:
    return hash_of(login.casefold())
