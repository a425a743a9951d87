"""/settings/people: who logs in, by which way, and what they may do."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from api.asked import Asked
from api.pages.frame import form_of, page, read_form
from api.pages.settings import Admin, Wrong, said
from api.paging import FIRST, Paged, Turned
from api.problems import unknown
from api.routes import accounts
from migrator.access.accounts import Account
from migrator.access.invitations import LIFETIME
from migrator.access.roles import Grant, Role
from storage.errors import Misuse

router = APIRouter(prefix="/settings/people", include_in_schema=False, dependencies=[Depends(read_form)])


@router.get("")
def every(asked: Admin, request: Request, paged: Paged) -> Response:
    return _list(asked, request, paged=paged)


@router.post("/invitations")
def invite(asked: Admin, request: Request) -> Response:
    """The link is on the page that answers, and nowhere else."""
    try:
        given = granted(request)
        made = accounts.invite(asked, accounts.Invited(grants=[given]))
    except Wrong as error:
        return _list(asked, request, **said(error))
    return _list(asked, request, link=_whole(asked, request, made["link"]), invited=given.grant)


@router.get("/{account}")
def one(asked: Admin, request: Request, account: str, done: str = "") -> Response:
    return _one(asked, request, account, done=done if done in ("given", "done_disabled", "done_enabled") else "")


@router.post("/{account}/roles")
def give(asked: Admin, request: Request, account: str) -> Response:
    """One more role."""
    found = _found(asked, account)
    try:
        _set(asked, found, [*found.grants, granted(request).grant])
    except Wrong as error:
        return _one(asked, request, account, **said(error))
    return _done(found, "given")


@router.post("/{account}/roles/taken")
def take(asked: Admin, request: Request, account: str) -> Response:
    """One role less."""
    found = _found(asked, account)
    try:
        gone = granted(request).grant
        _set(asked, found, [grant for grant in found.grants if grant != gone])
    except Wrong as error:
        return _one(asked, request, account, **said(error))
    return _done(found, "given")


@router.post("/{account}/state")
def change_state(asked: Admin, request: Request, account: str) -> Response:
    """Nobody gets in by it any more, or they do again."""
    found, is_disabled = _found(asked, account), form_of(request).get("do") == "disable"
    try:
        accounts.change(asked, found.login, accounts.Change(is_disabled=is_disabled))
    except Wrong as error:
        return _one(asked, request, account, **said(error))
    return _done(found, "done_disabled" if is_disabled else "done_enabled")


@router.post("/{account}/link")
def link(asked: Admin, request: Request, account: str) -> Response:
    """For a new password; it is on the page that answers, and nowhere else."""
    made = accounts.link(asked, _found(asked, account).login)
    return _one(asked, request, account, link=_whole(asked, request, made["link"]))


def granted(request: Request) -> accounts.Granted:
    """The role that a form names. Misuse where it is none."""
    form = form_of(request)
    try:
        return accounts.Granted(tenant=form.get("tenant", ""), role=Role(form.get("role", "")))
    except (ValidationError, ValueError):
        raise Misuse("no role was chosen", where="role", next="choose a role, and for whom it is") from None


def _set(asked: Asked, account: Account, grants: list[Grant]) -> None:
    chosen = [accounts.Granted(tenant=grant.tenant, role=grant.role) for grant in dict.fromkeys(grants)]
    accounts.change(asked, account.login, accounts.Change(grants=chosen))


def _found(asked: Asked, account_id: str) -> Account:
    if (found := asked.served.accounts.find(account_id)) is None:
        raise unknown("account", account_id)
    return found


def _done(account: Account, what: str) -> Response:
    return RedirectResponse(f"/settings/people/{account.account_id}?done={what}", status_code=303)


def _whole(asked: Asked, request: Request, link: str) -> str:
    """As somebody elsewhere opens it."""
    return (asked.served.service.settings.public_url or str(request.base_url).rstrip("/")) + link


def _list(asked: Asked, request: Request, *, paged: Turned = FIRST, status: int = 200, **shown: object) -> Response:
    found = paged.page(asked.served.accounts.all(portion=paged.portion(None)), lambda one: (one.login,))
    return _page(asked, request, "people.html.j2", status, people=found, is_first=not paged.after, **shown)


def _one(asked: Asked, request: Request, account_id: str, *, status: int = 200, **shown: object) -> Response:
    return _page(asked, request, "people_one.html.j2", status, account=_found(asked, account_id), **shown)


def _page(asked: Asked, request: Request, template: str, status: int, **shown: object) -> Response:
    nothing = {"wrong": "", "link": "", "done": "", "invited": None}
    return page(
        request,
        template,
        asked=asked,
        status=status,
        roles=list(Role),
        tenants=asked.served.tenants.all(),
        given=form_of(request),
        until=(datetime.now(UTC) + LIFETIME).isoformat(),
        **{**nothing, **shown},
    )
