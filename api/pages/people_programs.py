"""/settings/programs: tokens, each shown once."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from api.asked import Asked
from api.pages.frame import form_of, page, read_form
from api.pages.people import granted
from api.pages.settings import AT_ONCE, Admin, Wrong, said
from api.paging import After
from api.paging import page as part_of
from api.routes import tokens
from migrator.access.clock import now
from migrator.access.roles import Role
from migrator.access.tokens import LONGEST
from storage.errors import Misuse

router = APIRouter(prefix="/settings/programs", include_in_schema=False, dependencies=[Depends(read_form)])
_ROLES = (Role.VIEWER, Role.OPERATOR)


@router.get("")
def every(asked: Admin, request: Request, after: After = None) -> Response:
    return _page(asked, request, after=after)


@router.post("")
def make(asked: Admin, request: Request) -> Response:
    """The key is on the page that answers, and nowhere else."""
    try:
        made = tokens.make(asked, _wanted(request))
    except Wrong as error:
        return _page(asked, request, **said(error))
    return _page(asked, request, made=made)


@router.post("/{token}/revoked")
def revoke(asked: Admin, token: str) -> Response:
    tokens.revoke(asked, token)
    return RedirectResponse("/settings/programs", status_code=303)


def _wanted(request: Request) -> tokens.New:
    form = form_of(request)
    try:
        return tokens.New(name=form.get("name", ""), grants=[granted(request)], days=int(form.get("days", "")))
    except (ValidationError, ValueError):
        raise Misuse(
            "a token has a name and an end", where="token", next=f"say what it is for; 1 to {LONGEST.days} days"
        ) from None


def _page(asked: Asked, request: Request, *, after: str | None = None, status: int = 200, **shown: object) -> Response:
    newest = sorted(asked.served.tokens.all(), key=lambda one: one.token_id)
    found = part_of(newest, lambda one: one.token_id, lambda one: one, after=after, limit=AT_ONCE)
    return page(
        request,
        "people_programs.html.j2",
        asked=asked,
        status=status,
        programs=found,
        is_first=after is None,
        roles=_ROLES,
        tenants=asked.served.tenants.all(),
        given=form_of(request),
        longest=LONGEST.days,
        now=now(),
        **{"wrong": "", "made": None, **shown},
    )
