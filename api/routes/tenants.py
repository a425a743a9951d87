"""/v1/tenants: the customers whose data it is."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Anybody, Asked, everywhere, of_tenant
from api.paging import After, Limit, page
from migrator.access.roles import Permission
from migrator.registry.tenants import Tenant

router = APIRouter(prefix="/tenants", tags=["tenants"])


class New(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tenant: str = Field(min_length=1, max_length=200, examples=["acme"])
    name: str = Field(default="", max_length=200, examples=["Acme Ltd"])
    contact: str = Field(default="", max_length=2000, examples=["Ann Lee, +33 1 23 45 67 89"])
    language: str = Field(default="en", pattern="^(en|fr)$")


class Change(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, max_length=200)
    contact: str | None = Field(default=None, max_length=2000)
    language: str | None = Field(default=None, pattern="^(en|fr)$")


@router.get("")
def every(asked: Anybody, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """The tenants that are there for you."""
    visible = [one for one in asked.served.tenants.all() if asked.who.sees(one.tenant)]
    return page(visible, lambda one: one.tenant, asdict, after=after, limit=limit)


@router.post("", status_code=201)
def add(asked: Annotated[Asked, everywhere(Permission.ADMINISTER)], given: New) -> dict[str, Any]:
    tenant = asked.served.tenants.add(Tenant(**given.model_dump()))
    asked.note("add tenant", tenant.tenant)
    return asdict(tenant)


@router.get("/{tenant}")
def one(asked: Annotated[Asked, of_tenant(Permission.LOOK)]) -> dict[str, Any]:
    return asdict(_found(asked))


@router.patch("/{tenant}")
def change(asked: Annotated[Asked, of_tenant(Permission.ADMINISTER)], given: Change) -> dict[str, Any]:
    changed = replace(_found(asked), **given.model_dump(exclude_none=True))
    asked.served.tenants.change(changed)
    asked.note("change tenant", changed.tenant)
    return asdict(changed)


def _found(asked: Asked) -> Tenant:
    found = asked.served.tenants.find(asked.tenant)
    assert found is not None
    return found
