"""How often somebody may try a password: by login, and by where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, insert, select

from migrator.access import models
from migrator.access.clock import ago, now
from migrator.access.keys import hash_of
from migrator.runs.database import Database

PERIOD = timedelta(minutes=15)
BY_LOGIN, BY_ADDRESS = 5, 20


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """Counts what failed in the last quarter of an hour. What was right is not counted."""

    database: Database

    def wait(self, login: str, address: str) -> timedelta:
        """How long this login, or whoever comes from this address, is not listened to; zero where it is."""
        by = (
            (models.FailedLogin.login == _login(login), BY_LOGIN),
            (models.FailedLogin.address == address[:64], BY_ADDRESS),
        )
        return max((self._wait(is_theirs, most) for is_theirs, most in by), default=timedelta())

    def _wait(self, is_theirs: ColumnElement[bool], most: int) -> timedelta:
        recent = select(func.count(), func.min(models.FailedLogin.at)).where(
            is_theirs, models.FailedLogin.at > ago(PERIOD)
        )
        with self.database.transaction() as connection:
            count, first = connection.execute(recent).one()
        if count < most:
            return timedelta()
        return max(datetime.fromisoformat(first) + PERIOD - datetime.now(UTC), timedelta(seconds=1))

    def failed(self, login: str, address: str) -> None:
        with self.database.transaction() as connection:
            connection.execute(delete(models.FailedLogin).where(models.FailedLogin.at < ago(PERIOD)))
            connection.execute(insert(models.FailedLogin).values(at=now(), login=_login(login), address=address[:64]))


def _login(login: str) -> str:
    return hash_of(login.casefold())
