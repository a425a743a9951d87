"""/login/provider: the way in through an OpenID Connect provider, and back from it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.asked import address_of
from api.pages.entrance import own_path
from api.problems import Refusal, unknown
from api.routes.session import SERVER, enter
from migrator.access.openid import Begun, OpenId
from migrator.service.served import Served

router = APIRouter(prefix="/login/provider", include_in_schema=False)
_COOKIE, _MINUTES = "migrator_login", 10


@router.get("")
def leave(request: Request, next: str = "/") -> Response:
    """To the provider; the browser keeps what only this login knows."""
    begun = Begun.new(own_path(next))
    left = RedirectResponse(_openid(request).address(begun), status_code=303)
    left.set_cookie(
        _COOKIE,
        begun.written,
        max_age=_MINUTES * 60,
        httponly=True,
        samesite="lax",
        secure=request.app.state.is_secure,
        path=router.prefix,
    )
    return left


@router.get("/back")
def back(request: Request) -> Response:
    """From the provider: in, where it vouches for somebody who has a role here."""
    served: Served = request.app.state.served
    openid = _openid(request)
    if (begun := Begun.read(request.cookies.get(_COOKIE, ""))) is None:
        raise Refusal(status=400, kind="forged", what="this browser did not begin to log in", next="log in again")
    identity = openid.identity(begun, dict(request.query_params))
    account = served.vouched(openid).account(identity)
    if account is None:
        served.audit.add(SERVER, "refuse login", identity.login, address=address_of(request))
        raise Refusal(
            status=403,
            kind="forbidden",
            what="you have no role here",
            where=identity.login,
            next="ask an admin: roles come with the groups you are in",
        )
    entered = RedirectResponse(own_path(begun.next), status_code=303)
    enter(served, account, request, entered)
    entered.delete_cookie(_COOKIE, path=router.prefix)
    return entered


def _openid(request: Request) -> OpenId:
    served: Served = request.app.state.served
    if served.openid is None:
        raise unknown("provider", "to log in with")
    return served.openid
