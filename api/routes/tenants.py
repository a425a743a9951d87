"""/v1/tenants: the customers whose data it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Anybody, Asked, everywhere, of_tenant
from api.paging import Page, Paged
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

    name: str | None = Field(default=None, max_length=200, examples=["Acme Ltd"])
    contact: str | None = Field(default=None, max_length=2000)
    language: str | None = Field(default=None, pattern="^(en|fr)$")


@router.get("", response_model=Page[Tenant])
def every(asked: Anybody, paged: Paged) -> dict[str, Any]:
    """The tenants that are there for you."""
    found = asked.served.tenants.all(portion=paged.portion(asked.reach(None)))
    return paged.page(found, lambda one: (one.tenant,))


@router.post("", status_code=201)
def add(asked: Annotated[Asked, everywhere(Permission.ADMINISTER)], given: New) -> Tenant:
    with asked.together():
        tenant = asked.served.tenants.add(Tenant(**given.model_dump()))
        asked.note("add tenant", tenant.tenant)
    return tenant


@router.get("/{tenant}")
def one(asked: Annotated[Asked, of_tenant(Permission.LOOK)]) -> Tenant:
    return _found(asked)


@router.patch("/{tenant}")
def change(asked: Annotated[Asked, of_tenant(Permission.ADMINISTER)], given: Change) -> Tenant:
    changed = replace(_found(asked), **given.model_dump(exclude_none=True))
    with asked.together():
        asked.served.tenants.change(changed)
        asked.note("change tenant", changed.tenant)
    return changed


def _found(asked: Asked) -> Tenant:
    found = asked.served.tenants.find(asked.tenant)
    assert found is not None
    return found
