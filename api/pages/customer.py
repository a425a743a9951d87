"""/tenants/{tenant}/status: the customer's page, in plain words; who sees no more than one tenant lands here."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.asked import Asked, of_tenant
from api.pages.frame import page
from api.routes.status import assured
from migrator.access.roles import EVERYWHERE, Permission, Principal, Role

router = APIRouter(include_in_schema=False)
_NAMES = 5


@router.get("/tenants/{tenant}/status")
def status(asked: Annotated[Asked, of_tenant(Permission.LOOK)], request: Request) -> Response:
    """Where the data is, what was proven of it, what comes next, whom to call."""
    after, found = asked.served.service.newest_change(), assured(asked)
    return page(
        request,
        "customer.html.j2",
        asked=asked,
        after=after,
        found=found,
        deciding=found.deciding[:_NAMES],
        is_customer=home_of(asked.who) is not None,
    )


def home_of(who: Principal) -> str | None:
    """Where a customer begins; None for whoever sees several tenants, or does more than look."""
    tenants = {grant.tenant for grant in who.grants}
    if len(tenants) != 1 or EVERYWHERE in tenants or {grant.role for grant in who.grants} != {Role.VIEWER}:
        return None
    return f"/tenants/{quote(tenants.pop(), safe='')}/status"
