"""Accounts of people: who they are, how they prove it, and which roles they have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from mappings.nearest import nearest
from migrator.access import models
from migrator.access.clock import now
from migrator.access.keys import new_id
from migrator.access.passwords import hashed, is_outdated, is_right
from migrator.access.roles import EVERYWHERE, Grant, Principal, PrincipalKind, Role
from migrator.runs.database import Database
from migrator.runs.portion import EVERY, Portion
from storage.errors import Misuse

_LOGIN = re.compile(r"[^\s@]+(@[^\s@]+)?")
_LONGEST, _LONGEST_NAME = 254, 200
LANGUAGES = ("en", "fr")


@dataclass(frozen=True, kw_only=True)
class Account:
    """`login` is compared without case. Without a password the account is of OpenID Connect, or not yet in use."""

    account_id: str
    login: str
    name: str
    language: str
    created_at: str
    disabled_at: str | None
    has_password: bool
    issuer: str | None
    grants: tuple[Grant, ...] = ()

    @property
    def principal(self) -> Principal:
        return Principal(kind=PrincipalKind.ACCOUNT, id=self.account_id, name=self.login, grants=self.grants)

    @property
    def is_admin(self) -> bool:
        return Grant(tenant=EVERYWHERE, role=Role.ADMIN) in self.grants

    def require_own_password(self) -> None:
        """Misuse where a provider vouches for whoever has it: another way in would go round what it asks for."""
        if self.issuer and not self.has_password:
            raise Misuse("this account is the provider's", where=self.login, next="its password is changed there")


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Every method is one transaction."""

    database: Database

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────
    def all(self, *, portion: Portion = EVERY) -> tuple[Account, ...]:
        """By their logins."""
        with self.database.reading() as connection:
            return tuple(_read(connection, portion=portion))

    def any(self) -> bool:
        """Whether there is one: else the next person who comes is to be the first admin."""
        with self.database.reading() as connection:
            return connection.execute(select(models.Account.account_id).limit(1)).first() is not None

    def find(self, account_id: str) -> Account | None:
        with self.database.reading() as connection:
            return next(_read(connection, models.Account.account_id == account_id), None)

    def named(self, login: str) -> Account:
        """Misuse with near names where there is none."""
        with self.database.reading() as connection:
            if (found := next(_read(connection, models.Account.login == login.casefold()), None)) is not None:
                return found
            logins = connection.execute(select(models.Account.login)).scalars().all()
        raise Misuse(f"no account {login!r}", where="accounts", next=nearest(login, logins))

    def authenticated(self, login: str, password: str) -> Account | None:
        """The account of that login, if this is its password and it is not disabled; takes as long if it is not."""
        with self.database.reading() as connection:
            found = next(_read(connection, models.Account.login == login.casefold()), None)
            kept = connection.execute(
                select(models.Account.password).where(models.Account.login == login.casefold())
            ).scalar()
        if not is_right(password, kept) or found is None or found.disabled_at is not None:
            return None
        if kept is not None and is_outdated(kept):
            self._change(found.account_id, password=hashed(password))
        return found

    # ── changing ────────────────────────────────────────────────────────────────────────────────────────────
    def add(
        self,
        login: str,
        *,
        name: str = "",
        password: str | None = None,
        issuer: str | None = None,
        subject: str | None = None,
        language: str = "en",
        grants: Iterable[Grant] = (),
    ) -> Account:
        """A new account. Misuse where the login is none, or another has it."""
        login = _login(login)
        account_id = new_id()
        kept = hashed(password) if password is not None else None
        try:
            with self.database.transaction() as connection:
                connection.execute(
                    insert(models.Account).values(
                        account_id=account_id,
                        login=login,
                        name=name or login[:_LONGEST_NAME],
                        password=kept,
                        issuer=issuer,
                        subject=subject,
                        language=_language(language),
                        created_at=now(),
                    )
                )
                _grant(connection, account_id, grants)
                return next(_read(connection, models.Account.account_id == account_id))
        except IntegrityError as error:
            raise Misuse(f"there is an account {login!r} already", where="login", next="choose another") from error

    def set_password(self, account_id: str, password: str) -> None:
        self._change(account_id, password=hashed(password))

    def set_language(self, account_id: str, language: str) -> None:
        self._change(account_id, language=_language(language))

    def disable(self, account_id: str) -> None:
        """From now on nobody gets in by it. Misuse where it is the last admin's: nobody could let anybody in again."""
        with self._alone() as connection:
            _require_another_admin(connection, account_id)
            connection.execute(
                update(models.Account).where(models.Account.account_id == account_id).values(disabled_at=now())
            )

    def enable(self, account_id: str) -> None:
        self._change(account_id, disabled_at=None)

    def set_grants(self, account_id: str, grants: Sequence[Grant], *, even_last_admin: bool = False) -> Account:
        """These roles and no others. Misuse where the last admin would be none any more, unless that may be."""
        with self._alone() as connection:
            if not even_last_admin and Grant(tenant=EVERYWHERE, role=Role.ADMIN) not in grants:
                _require_another_admin(connection, account_id)
            connection.execute(delete(models.AccountGrant).where(models.AccountGrant.account_id == account_id))
            _grant(connection, account_id, grants)
            return next(_read(connection, models.Account.account_id == account_id))

    def of_identity(self, issuer: str, subject: str) -> Account | None:
        """Whose OpenID Connect identity that is."""
        with self.database.reading() as connection:
            is_theirs = (models.Account.issuer == issuer, models.Account.subject == subject)
            return next(_read(connection, *is_theirs), None)

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """Who may do what changes by one after the other: two admins at once would each rely on the other."""
        with self.database.transaction() as connection:
            self.database.claim(connection, "roles")
            yield connection

    def _change(self, account_id: str, **values: str | None) -> None:
        with self.database.transaction() as connection:
            connection.execute(update(models.Account).where(models.Account.account_id == account_id).values(**values))


def _read(connection: Connection, *where: ColumnElement[bool], portion: Portion = EVERY) -> Iterator[Account]:
    query = portion.of(select(models.Account.__table__).where(*where), keys=(models.Account.login,))
    rows = connection.execute(query).mappings().all()
    grants = _grants(connection, [row["account_id"] for row in rows])
    for row in rows:
        yield Account(
            account_id=row["account_id"],
            login=row["login"],
            name=row["name"],
            language=row["language"],
            created_at=row["created_at"],
            disabled_at=row["disabled_at"],
            has_password=row["password"] is not None,
            issuer=row["issuer"],
            grants=tuple(grants.get(row["account_id"], ())),
        )


def _grants(connection: Connection, account_ids: Sequence[str]) -> dict[str, list[Grant]]:
    found: dict[str, list[Grant]] = {}
    own = models.AccountGrant
    query = select(own.__table__).where(own.account_id.in_(account_ids)).order_by(own.tenant, own.role)
    for row in connection.execute(query).mappings():
        found.setdefault(row["account_id"], []).append(Grant(tenant=row["tenant"], role=Role(row["role"])))
    return found


def _grant(connection: Connection, account_id: str, grants: Iterable[Grant]) -> None:
    rows = [{"account_id": account_id, "tenant": one.tenant, "role": one.role.value} for one in dict.fromkeys(grants)]
    if rows:
        connection.execute(insert(models.AccountGrant), rows)


def _require_another_admin(connection: Connection, account_id: str) -> None:
    admins = [one for one in _read(connection) if one.is_admin and one.disabled_at is None]
    if [one.account_id for one in admins] == [account_id]:
        raise Misuse("this is the only admin", where=admins[0].login, next="make another account admin first")


def _login(login: str) -> str:
    folded = login.casefold()  # which may be longer
    if len(folded) > _LONGEST or _LOGIN.fullmatch(login) is None:
        raise Misuse(f"not a login: {login[:_LONGEST]!r}", where="login", next="a name or an e-mail address, no spaces")
    return folded


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise Misuse(f"no language {language!r}", where="language", next=f"one of {', '.join(LANGUAGES)}")
    return language
