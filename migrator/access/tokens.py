"""Tokens of programs: scoped, expiring, kept as hashes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from sqlalchemy import ColumnElement, insert, select, update

from migrator.access import models
from migrator.access.clock import ahead, now
from migrator.access.keys import hash_of, new_id, new_key
from migrator.access.roles import Grant, Principal, PrincipalKind, Role
from migrator.access.sightings import Sightings
from migrator.runs.database import Database
from migrator.runs.portion import EVERY, Portion
from storage.errors import Misuse

PREFIX = "mig_"
"""How every token begins: scanners of repositories find one that leaked."""

LONGEST = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class Token:
    """`made_by_id` is the account of whoever made it; None where that was the command line on the server."""

    token_id: str
    name: str
    made_by: str
    made_by_id: str | None
    created_at: str
    expires_at: str
    revoked_at: str | None
    used_at: str | None
    grants: tuple[Grant, ...]

    @property
    def principal(self) -> Principal:
        return Principal(
            kind=PrincipalKind.TOKEN,
            id=self.token_id,
            name=f"token {self.name}",
            grants=self.grants,
            behind=self.made_by_id or "",
        )


@dataclass(frozen=True, kw_only=True)
class Tokens:
    database: Database

    @cached_property
    def sightings(self) -> Sightings:
        """What of them is still to be noted."""
        return Sightings(database=self.database, key=models.Token.hash, at=models.Token.used_at)

    def make(self, name: str, grants: Iterable[Grant], *, lifetime: timedelta, made_by: Principal) -> tuple[Token, str]:
        """A new token and its key, which is shown now and never again. Misuse where it would reach further, or last
        longer, than it may."""
        grants = tuple(dict.fromkeys(grants))
        _require_sound(name, grants, lifetime, made_by)
        token_id, key = new_id(), new_key(PREFIX)
        with self.database.transaction() as connection:
            connection.execute(
                insert(models.Token).values(
                    token_id=token_id,
                    hash=hash_of(key),
                    name=name,
                    made_by=made_by.name,
                    created_at=now(),
                    expires_at=ahead(lifetime),
                )
            )
            rows = [{"token_id": token_id, "tenant": one.tenant, "role": one.role.value} for one in grants]
            connection.execute(insert(models.TokenGrant), rows)
        (made,) = self._read(models.Token.token_id == token_id)
        return made, key

    def all(self, *, portion: Portion = EVERY) -> tuple[Token, ...]:
        """By their ids, revoked and expired ones too."""
        return self._read(portion=portion)

    def of_key(self, key: str) -> Token | None:
        """The token, if it is neither revoked nor expired."""
        hash_ = hash_of(key)
        found = next(iter(self._read(models.Token.hash == hash_)), None)
        if found is None or found.revoked_at is not None or found.expires_at < now():
            return None
        self.sightings.add(hash_, found.used_at)
        return found

    def revoke(self, token_id: str) -> None:
        """From now on nobody gets in by it. Misuse where there is none."""
        if not self._read(models.Token.token_id == token_id):
            raise Misuse(f"no token {token_id!r}", where="tokens", next="the list of tokens has their ids")
        with self.database.transaction() as connection:
            connection.execute(update(models.Token).where(models.Token.token_id == token_id).values(revoked_at=now()))

    def _read(self, *where: ColumnElement[bool], portion: Portion = EVERY) -> tuple[Token, ...]:
        maker = models.Account.account_id.label("made_by_id")
        query = select(models.Token.__table__, maker).outerjoin(
            models.Account, models.Account.login == models.Token.made_by
        )
        with self.database.reading() as connection:
            rows = connection.execute(portion.of(query.where(*where), keys=(models.Token.token_id,))).mappings()
            kept = [{name: value for name, value in row.items() if name != "hash"} for row in rows]
            grants: dict[str, list[Grant]] = {}
            of_these = models.TokenGrant.token_id.in_([row["token_id"] for row in kept])
            for row in connection.execute(select(models.TokenGrant.__table__).where(of_these)).mappings():
                grants.setdefault(row["token_id"], []).append(Grant(tenant=row["tenant"], role=Role(row["role"])))
        return tuple(Token(**row, grants=tuple(grants.get(row["token_id"], ()))) for row in kept)


def _require_sound(name: str, grants: tuple[Grant, ...], lifetime: timedelta, made_by: Principal) -> None:
    if not name.strip() or not grants:
        raise Misuse("a token has a name and a role", where="token", next="say what it is for, and what it may do")
    if any(one.role in (Role.APPROVER, Role.ADMIN) for one in grants):
        raise Misuse("a token neither approves nor administers", where="roles", next="give it viewer or operator")
    if not timedelta() < lifetime <= LONGEST:
        raise Misuse(f"a token lives {LONGEST.days} days at most", where="lifetime", next="make a new one in time")
    if not all(made_by.sees(one.tenant) for one in grants):
        raise Misuse("a token reaches no further than whoever makes it", where="roles", next="leave that tenant out")
