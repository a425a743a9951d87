"""The platforms an admin allows: a plan on a server reaches these, and nothing else on any network."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from migrator.registry import models
from migrator.registry.vault import Vault
from migrator.runs.database import Database
from migrator.runs.portion import EVERY, Portion
from storage import moment
from storage.address import redacted
from storage.errors import Misuse

EVERYBODY = "*"
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Platform:
    """`address` without its password: nobody is ever shown more."""

    name: str
    address: str
    tenants: tuple[str, ...]
    changed_at: str
    changed_by: str

    def is_for(self, tenant: str) -> bool:
        return tenant in self.tenants or EVERYBODY in self.tenants


@dataclass(frozen=True)
class Secret:
    """What is sealed: the whole address, and for a store in a bucket whose it is."""

    url: str = field(repr=False)
    access_key: str = ""
    secret_key: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Platforms:
    database: Database
    vault: Vault

    def all(self, *, portion: Portion = EVERY) -> tuple[Platform, ...]:
        """By their names; those of a portion's tenants are those that they may use."""
        if portion.tenants is None:
            return self._read(portion=portion)
        return self._read(_is_for(portion.tenants), portion=portion)

    def find(self, name: str) -> Platform | None:
        return next(iter(self._read(models.Platform.name == name)), None)

    def _read(self, *where: ColumnElement[bool], portion: Portion = EVERY) -> tuple[Platform, ...]:
        own, allowed = models.Platform, models.PlatformTenant
        columns: tuple[Any, ...] = (own.name, own.address, own.changed_at, own.changed_by)
        query = select(*columns).where(*where)
        with self.database.reading() as connection:
            rows = connection.execute(portion.of(query, keys=(own.name,))).mappings().all()
            tenants: dict[str, list[str]] = {}
            of_these = allowed.name.in_([row["name"] for row in rows])
            every = select(allowed.name, allowed.tenant).where(of_these).order_by(allowed.tenant)
            for name, tenant in connection.execute(every):
                tenants.setdefault(name, []).append(tenant)
        return tuple(Platform(**row, tenants=tuple(tenants.get(row["name"], ()))) for row in rows)

    def put(self, name: str, secret: Secret, *, tenants: Iterable[str], by: str) -> Platform:
        """Register a platform, or give one another address. Misuse where the name cannot stand in a plan."""
        if _NAME.fullmatch(name) is None:
            raise Misuse(
                f"not a platform's name: {name!r}",
                where="name",
                next="capital letters, digits and _: plans write it as ${NAME}",
            )
        sealed = self.vault.sealed(name, json.dumps(vars(secret)))
        values = {"address": redacted(secret.url), "sealed": sealed, "changed_at": moment.now(), "changed_by": by}
        with self._alone(name) as connection:
            changed = connection.execute(update(models.Platform).where(models.Platform.name == name).values(values))
            if not changed.rowcount:
                connection.execute(insert(models.Platform).values(name=name, **values))
            _allow(connection, name, tenants)
        found = self.find(name)
        assert found is not None
        return found

    def allow(self, name: str, tenants: Iterable[str]) -> None:
        """For these tenants and no others."""
        with self._alone(name) as connection:
            _allow(connection, name, tenants)

    def remove(self, name: str) -> None:
        with self.database.transaction() as connection:
            connection.execute(delete(models.Platform).where(models.Platform.name == name))

    @contextmanager
    def _alone(self, name: str) -> Iterator[Connection]:
        """Two who change the same platform do it one after the other."""
        with self.database.transaction() as connection:
            self.database.claim(connection, f"platform {name}")
            yield connection

    def variables(self, tenant: str) -> Mapping[str, str]:
        """What `${NAME}` means in a plan of this tenant: the addresses of its platforms, and nothing else.

        For EVERYBODY: all there are.
        """
        return {name: _with_account(name, secret) for name, secret in self._secrets(tenant)}

    def accounts(self, tenant: str) -> Mapping[str, str]:
        """The keys of its stores, by the names `storage.credentials` looks for."""
        found: dict[str, str] = {}
        for name, secret in self._secrets(tenant):
            if secret.access_key:
                found |= {
                    f"AWS_ACCESS_KEY_ID_{name}": secret.access_key,
                    f"AWS_SECRET_ACCESS_KEY_{name}": secret.secret_key,
                }
        return found

    def _secrets(self, tenant: str) -> Iterable[tuple[str, Secret]]:
        query = select(models.Platform.name, models.Platform.sealed).order_by(models.Platform.name)
        if tenant != EVERYBODY:
            query = query.where(_is_for({tenant}))
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [(name, Secret(**json.loads(self.vault.opened(name, sealed)))) for name, sealed in rows]


def _is_for(tenants: Collection[str]) -> ColumnElement[bool]:
    """Whether one of them may use it."""
    allowed = models.PlatformTenant
    return models.Platform.name.in_(select(allowed.name).where(allowed.tenant.in_([*sorted(tenants), EVERYBODY])))


def _with_account(name: str, secret: Secret) -> str:
    """The address, saying whose keys open it."""
    if not secret.access_key:
        return secret.url
    return f"{secret.url}{'&' if '?' in secret.url else '?'}account={name}"


def _allow(connection: Connection, name: str, tenants: Iterable[str]) -> None:
    connection.execute(delete(models.PlatformTenant).where(models.PlatformTenant.name == name))
    rows = [{"name": name, "tenant": tenant} for tenant in dict.fromkeys(tenants)]
    if rows:
        connection.execute(insert(models.PlatformTenant), rows)
