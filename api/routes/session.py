"""/v1/session, /v1/invitations: coming in, and going out."""

from __future__ import annotations

import math
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Anybody, Asked, address_of, cookie_of, session_of
from api.problems import Refusal, unknown
from api.shapes import Entered, InvitedTo, Whoami
from migrator.access.accounts import Account
from migrator.access.invitations import Invitation
from migrator.access.passwords import hashed
from migrator.access.roles import Principal, PrincipalKind
from migrator.access.sessions import LONGEST, form_token
from migrator.service.served import Served
from storage.errors import Misuse

router = APIRouter(tags=["session"])
SERVER = Principal(kind=PrincipalKind.LOCAL, id="server", name="server")


class Login(BaseModel):
    model_config = ConfigDict(extra="forbid")

    login: str = Field(max_length=254, examples=["ann@example.org"])
    password: str = Field(max_length=1024)


class Welcome(BaseModel):
    """Whoever follows a link; `login` is theirs to choose where the link makes an account."""

    model_config = ConfigDict(extra="forbid")

    login: str = Field(default="", max_length=254, examples=["ann@example.org"])
    name: str = Field(default="", max_length=200)
    password: str = Field(max_length=1024)
    language: str = "en"


class NewPassword(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old: str = Field(max_length=1024, examples=["the one until now"])
    new: str = Field(max_length=1024)


@router.get("/session", response_model=Whoami)
def whoami(asked: Anybody, request: Request) -> dict[str, Any]:
    """Who the server takes you for, and what you may do where."""
    session = session_of(request)
    return {
        "name": asked.who.name,
        "kind": asked.who.kind,
        "grants": [{"tenant": one.tenant, "role": one.role} for one in asked.who.grants],
        "form_token": form_token(session) if session and asked.who.kind is PrincipalKind.ACCOUNT else None,
    }


@router.post("/session", status_code=201, response_model=Entered)
def login(given: Login, request: Request, response: Response) -> dict[str, Any]:
    """Log in with a password; the session's key comes as a cookie."""
    served: Served = request.app.state.served
    account = admitted(served, given.login, given.password, address_of(request))
    if account is None:
        raise Refusal(
            status=401, kind="unauthenticated", what="login or password is wrong", next="try again, or ask for a link"
        )
    return enter(served, account, request, response)


class TooOften(Refusal):
    """So many wrong passwords that nobody is listened to for some seconds."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(
            status=429,
            kind="too-often",
            what="too many wrong passwords",
            next=f"try again in {math.ceil(seconds / 60)} minutes, or ask an admin for a link",
            headers={"Retry-After": str(seconds)},
        )


def admitted(served: Served, login: str, password: str, address: str) -> Account | None:
    """Whose password it is; None where it is nobody's, which is counted."""
    tried = served.throttle.tried(login, address)
    if tried.wait:
        raise TooOften(math.ceil(tried.wait.total_seconds()))
    account = served.accounts.authenticated(login, password)
    if account is None:
        served.audit.add(SERVER, "refuse login", "account", address=address)
    else:
        served.throttle.was_right(tried)
    return account


@router.delete("/session", status_code=204)
def logout(asked: Anybody, request: Request, response: Response) -> None:
    """End the session."""
    if (session := session_of(request)) is not None:
        asked.served.sessions.end(session)
        asked.note("log out", asked.who.name)
    forget(request, response)


@router.put("/session/password")
def change_password(asked: Anybody, given: NewPassword, request: Request, response: Response) -> dict[str, Any]:
    """Choose another password: every other session of yours ends, and this one gets a new key."""
    account = password_changed(asked, given)
    return enter(asked.served, account, request, response)


def password_changed(asked: Asked, given: NewPassword) -> Account:
    """Whoever knows the old one chooses a new one; whoever else is in by the old one, or by a link, gets out."""
    served, account = asked.served, asked.served.accounts.find(asked.who.id)
    if asked.who.kind is not PrincipalKind.ACCOUNT or account is None or not account.has_password:
        raise Refusal(status=403, kind="forbidden", what="you have no password here", next="change it where you log in")
    if admitted(served, account.login, given.old, asked.address) is None:
        raise Refusal(status=403, kind="forbidden", what="the old password is wrong", where="old", next="try again")
    served.accounts.set_password(account.account_id, given.new)
    served.invitations.withdraw(account.account_id)
    served.sessions.end_all(account.account_id)
    asked.note("change password", account.login)
    return account


@router.get("/invitations/{key}", response_model=InvitedTo)
def invited(key: str, request: Request) -> dict[str, Any]:
    """What a link is for."""
    invitation = _invitation(request.app.state.served, key)
    account = request.app.state.served.accounts.find(invitation.account_id) if invitation.account_id else None
    return {"login": account.login if account else None, "grants": [vars(one) for one in invitation.grants]}


@router.post("/invitations/{key}", status_code=201, response_model=Entered)
def welcome(key: str, given: Welcome, request: Request, response: Response) -> dict[str, Any]:
    """Follow a link: the account is made, or its password set, and you are in. It works once."""
    served: Served = request.app.state.served
    invitation = _invitation(served, key)
    account = welcomed(served, key, invitation, given, address_of(request))
    return enter(served, account, request, response)


def enter(served: Served, account: Account, request: Request, response: Response) -> dict[str, Any]:
    """A session of its own, never one that was there before."""
    if (old := session_of(request)) is not None:
        served.sessions.end(old)
    key = served.sessions.begin(account.account_id, address=address_of(request))
    response.set_cookie(
        cookie_of(request),
        key,
        max_age=int(LONGEST.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.app.state.is_secure,
        path="/",
    )
    served.audit.add(account.principal, "log in", account.login, address=address_of(request))
    return {"name": account.login, "form_token": form_token(key)}


def forget(request: Request, response: Response) -> None:
    """The browser has no session any more."""
    is_secure = request.app.state.is_secure
    response.delete_cookie(cookie_of(request), path="/", secure=is_secure, httponly=True, samesite="lax")


def _invitation(served: Served, key: str) -> Invitation:
    found = served.invitations.find(key)
    if found is None:
        raise unknown("link", "that was not used and is not too old")
    return found


def welcomed(served: Served, key: str, invitation: Invitation, given: Welcome, address: str) -> Account:
    """The account that the link makes, or whose password it sets."""
    if invitation.account_id is None:
        made = served.accounts.add(given.login, name=given.name, password=given.password, language=given.language)
        try:
            served.invitations.use(key)
        except Misuse:  # of two who follow it at once, one gets in
            served.accounts.disable(made.account_id)
            raise
        account = served.accounts.set_grants(made.account_id, invitation.grants)
    else:
        hashed(given.password)  # a password that is none must not use the link up
        served.invitations.use(key)
        served.accounts.set_password(invitation.account_id, given.password)
        served.sessions.end_all(invitation.account_id)
        found = served.accounts.find(invitation.account_id)
        assert found is not None
        account = found
    served.audit.add(account.principal, "follow link", account.login, address=address)
    return account
