"""/login, /logout, /welcome: the way in and out."""

from __future__ import annotations

import math

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.asked import Anybody, address_of, session_of
from api.pages.frame import form_of, page, read_form
from api.pages.words import preferred, words
from api.routes.session import TooOften, Welcome, admitted, enter, forget, welcomed
from migrator.service.served import Served
from storage.errors import Misuse

router = APIRouter(include_in_schema=False, dependencies=[Depends(read_form)])


@router.get("/login")
def ask(request: Request, next: str = "/") -> Response:
    return _login(request, next=own_path(next))


@router.post("/login")
def login(request: Request) -> Response:
    served: Served = request.app.state.served
    form, t = form_of(request), words(preferred(request.headers.get("accept-language", "")))
    name = form.get("login", "")
    wrong, status = t("login.wrong"), 401
    try:
        account = admitted(served, name, form.get("password", ""), address_of(request))
    except TooOften as often:
        account, status = None, 429
        wrong = t("login.often", minutes=math.ceil(often.seconds / 60))
    if account is None:
        next_ = own_path(form.get("next", "/"))
        return _login(request, status=status, next=next_, login=name, wrong=wrong)
    entered = RedirectResponse(own_path(form.get("next", "/")), status_code=303)
    enter(served, account, request, entered)
    return entered


@router.post("/logout")
def logout(asked: Anybody, request: Request) -> Response:
    if (session := session_of(request)) is not None:
        asked.served.sessions.end(session)
        asked.note("log out", asked.who.name)
    left = RedirectResponse("/login", status_code=303)
    forget(request, left)
    return left


@router.get("/welcome/{key}")
def invited(key: str, request: Request) -> Response:
    return _welcome(request, key, wrong="", status=200)


@router.post("/welcome/{key}")
def welcome(key: str, request: Request) -> Response:
    served: Served = request.app.state.served
    invitation, form = served.invitations.find(key), form_of(request)
    if invitation is None:
        return _welcome(request, key, wrong="", status=404)
    language = preferred(request.headers.get("accept-language", ""))
    given = Welcome(
        login=form.get("login", "")[:254],
        name=form.get("name", "")[:200],
        password=form.get("password", "")[:1024],
        language=language,
    )
    try:
        account = welcomed(served, key, invitation, given, address_of(request))
    except Misuse as error:
        return _welcome(request, key, wrong=f"{error.what}. {error.next}.", status=422)
    entered = RedirectResponse("/", status_code=303)
    enter(served, account, request, entered)
    return entered


def _welcome(request: Request, key: str, *, wrong: str, status: int) -> Response:
    served: Served = request.app.state.served
    invitation = served.invitations.find(key)
    account = served.accounts.find(invitation.account_id) if invitation and invitation.account_id else None
    return page(
        request,
        "welcome.html.j2",
        status=status if invitation else 404,
        is_gone=invitation is None,
        account=account,
        wrong=wrong,
        given=form_of(request),
    )


def _login(request: Request, *, next: str, status: int = 200, login: str = "", wrong: str = "") -> Response:
    openid = request.app.state.served.openid
    provider = openid.provider.name if openid else ""
    return page(request, "login.html.j2", status=status, next=next, login=login, wrong=wrong, provider=provider)


def own_path(path: str) -> str:
    """A path of this server: whoever logs in is not sent elsewhere."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_own else "/"
