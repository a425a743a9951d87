"""/settings: what an admin sets up, area by area, and how this server is set up itself."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.asked import Anybody, Asked, everywhere
from api.pages.frame import page
from api.problems import Refusal
from migrator.access.roles import EVERYWHERE, Permission
from migrator.settings import tool
from storage.errors import Misuse

router = APIRouter(include_in_schema=False)
Admin = Annotated[Asked, everywhere(Permission.ADMINISTER)]
_AREAS = ("people", "programs", "platforms", "notices")


@router.get("/settings")
def index(asked: Anybody, request: Request) -> Response:
    """Each area that is there for whoever looks: an admin of some tenants has those, and no others."""
    is_admin = asked.who.may(Permission.ADMINISTER, EVERYWHERE)
    require_admin(asked)
    return page(
        request,
        "settings.html.j2",
        asked=asked,
        areas=("tenants", *(_AREAS if is_admin else ())),
        settings=asked.served.service.settings if is_admin else None,
        provider=asked.served.openid.provider.name if asked.served.openid else "",
        version=tool(),
    )


def require_admin(asked: Asked) -> frozenset[str] | None:
    """The tenants they administer; None for all. Refusal where that is none."""
    if not asked.who.may_somewhere(Permission.ADMINISTER):
        raise Refusal(status=403, kind="forbidden", what="only admins set this up", next="ask one of them")
    return asked.who.reach(Permission.ADMINISTER)


Wrong = (Misuse, Refusal)
"""What is said where somebody filled in a form, and they try again."""


class Said(TypedDict):
    wrong: str
    status: int


def said(error: Misuse | Refusal) -> Said:
    """It, as a page shows it."""
    return Said(wrong=f"{error.what}. {error.next}.", status=error.status if isinstance(error, Refusal) else 422)
