"""/settings/programs: tokens, each shown once."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from api.asked import Asked
from api.pages.frame import form_of, page, read_form
from api.pages.people import granted
from api.pages.settings import Admin, Wrong, said
from api.paging import FIRST, Paged, Turned
from api.routes import tokens
from migrator.access.clock import now
from migrator.access.roles import Role
from migrator.access.tokens import LONGEST
from storage.errors import Misuse

router = APIRouter(prefix="/settings/programs", include_in_schema=False, dependencies=[Depends(read_form)])
_ROLES = (Role.VIEWER, Role.OPERATOR)


@router.get("")
def every(asked: Admin, request: Request, paged: Paged) -> Response:
    return _page(asked, request, paged=paged)


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


def _page(asked: Asked, request: Request, *, paged: Turned = FIRST, status: int = 200, **shown: object) -> Response:
    found = paged.page(asked.served.tokens.all(portion=paged.portion(None)), lambda one: (one.token_id,))
    return page(
        request,
        "people_programs.html.j2",
        asked=asked,
        status=status,
        programs=found,
        is_first=not paged.after,
        roles=_ROLES,
        tenants=asked.served.tenants.all(),
        given=form_of(request),
        longest=LONGEST.days,
        now=now(),
        **{"wrong": "", "made": None, **shown},
    )
