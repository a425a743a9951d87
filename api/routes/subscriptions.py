"""/v1/subscriptions: who is told what happens, by webhook or mail. Addresses are written, and never read again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.asked import Asked, everywhere
from api.paging import Limit, Paged
from api.problems import unknown
from migrator.access.roles import EVERYWHERE, Permission
from migrator.notices.notice import USUAL, About
from migrator.notices.subscriptions import Subscription

router = APIRouter(prefix="/subscriptions", tags=["subscriptions"])
Admin = Annotated[Asked, everywhere(Permission.ADMINISTER)]


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: SecretStr = Field(examples=["https://hooks.example.org/migrator/7f3a", "mailto:ann@example.org"])
    tenant: str = Field(default=EVERYWHERE, description="Whose runs and approvals; `*` for everybody's.")
    about: list[About] = Field(default_factory=lambda: list(USUAL), min_length=1)


@router.get("")
def every(asked: Admin, paged: Paged) -> dict[str, Any]:
    found = asked.served.subscriptions.all(portion=paged.portion(None))
    return paged.page(found, lambda one: (one.name,), asdict)


@router.put("/{name}")
def put(asked: Admin, name: str, given: Wanted) -> dict[str, Any]:
    """Have somebody told from now on, or something else. `secret` signs webhooks: it is shown here, and never again."""
    if given.tenant != EVERYWHERE and asked.served.tenants.find(given.tenant) is None:
        raise unknown("tenant", given.tenant)
    url = given.url.get_secret_value()
    with asked.together():
        secret = asked.served.subscriptions.put(name, url, tenant=given.tenant, about=given.about, by=asked.who.name)
        made = _found(asked, name)
        asked.note("put subscription", name, address=made.address, about=", ".join(made.about), of=made.tenant)
    return {**asdict(made), "secret": secret}


@router.delete("/{name}", status_code=204)
def remove(asked: Admin, name: str) -> None:
    with asked.together():
        _found(asked, name)
        asked.served.subscriptions.remove(name)
        asked.note("remove subscription", name)


@router.post("/{name}/test", status_code=202)
def test(asked: Admin, name: str) -> dict[str, str]:
    """Have a notice sent that is about nothing."""
    _found(asked, name)
    return {"notice": asked.served.outbox.test(name)}


@router.get("/{name}/deliveries")
def deliveries(asked: Admin, name: str, limit: Limit = 100) -> dict[str, Any]:
    """What was sent there, the newest first, and what became of it."""
    _found(asked, name)
    return {"items": [asdict(one) for one in asked.served.outbox.of(name, limit=limit)], "next": None}


def _found(asked: Asked, name: str) -> Subscription:
    if (found := asked.served.subscriptions.find(name)) is None:
        raise unknown("subscription", name)
    return found
