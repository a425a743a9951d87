"""The tenants a server knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from migrator.registry import models
from migrator.runs.database import Database
from migrator.runs.portion import EVERY, Portion
from storage import moment
from storage.errors import Misuse


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """`tenant` as plans name it; `contact` whom the customer calls, in plain words."""

    tenant: str
    name: str
    contact: str = ""
    language: str = "en"
    created_at: str = ""


@dataclass(frozen=True, kw_only=True)
class Tenants:
    database: Database

    def all(self, *, portion: Portion = EVERY) -> tuple[Tenant, ...]:
        """Every one, by its name in plans."""
        own = models.Tenant
        return self._read(portion.of(select(own.__table__), keys=(own.tenant,), tenant=own.tenant))

    def find(self, tenant: str) -> Tenant | None:
        return next(iter(self._read(select(models.Tenant.__table__).where(models.Tenant.tenant == tenant))), None)

    def _read(self, query: Select[Any]) -> tuple[Tenant, ...]:
        with self.database.reading() as connection:
            return tuple(Tenant(**row) for row in connection.execute(query).mappings())

    def add(self, tenant: Tenant) -> Tenant:
        """Misuse where it is known already, or no address could have its name in it."""
        if tenant.tenant in ("", "*", ".", "..") or "/" in tenant.tenant or len(tenant.tenant) > 200:
            raise Misuse("not a tenant's name", where="tenant", next="write the name that its plans have, without /")
        values = {**vars(tenant), "name": tenant.name or tenant.tenant, "created_at": moment.now()}
        try:
            with self.database.transaction() as connection:
                connection.execute(insert(models.Tenant).values(values))
        except IntegrityError as error:
            raise Misuse(
                f"there is a tenant {tenant.tenant!r} already", where="tenant", next="change that one"
            ) from error
        return Tenant(**values)

    def change(self, tenant: Tenant) -> None:
        values = {"name": tenant.name, "contact": tenant.contact, "language": tenant.language}
        with self.database.transaction() as connection:
            connection.execute(update(models.Tenant).where(models.Tenant.tenant == tenant.tenant).values(values))
