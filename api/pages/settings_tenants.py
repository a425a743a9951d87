"""/settings/tenants: the customers, what is said of each, and what is open to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ValidationError

from api.asked import Anybody, Asked, of_tenant
from api.pages.frame import form_of, page, read_form
from api.pages.settings import Admin, Wrong, require_admin, said
from api.paging import Paged
from api.routes import tenants
from migrator.access.accounts import LANGUAGES, Account
from migrator.access.roles import EVERYWHERE, Grant, Permission
from storage.errors import Misuse

router = APIRouter(prefix="/settings/tenants", include_in_schema=False, dependencies=[Depends(read_form)])
Administering = Annotated[Asked, of_tenant(Permission.ADMINISTER)]
Given = TypeVar("Given", bound=BaseModel)


@router.get("")
def every(asked: Anybody, request: Request, paged: Paged) -> Response:
    return _list(asked, request, paged=paged)


@router.post("")
def add(asked: Admin, request: Request, paged: Paged) -> Response:
    try:
        tenants.add(asked, _read(tenants.New, request))
    except Wrong as error:
        return _list(asked, request, paged=paged, **said(error))
    return RedirectResponse("/settings/tenants", status_code=303)


@router.get("/{tenant}")
def one(asked: Administering, request: Request, kept: str = "") -> Response:
    return _one(asked, request, is_kept=bool(kept))


@router.post("/{tenant}")
def change(asked: Administering, request: Request) -> Response:
    try:
        changed = tenants.change(asked, _read(tenants.Change, request))
    except Wrong as error:
        return _one(asked, request, **said(error))
    return RedirectResponse(f"/settings/tenants/{quote(changed.tenant, safe='')}?kept=1", status_code=303)


def _read(kind: type[Given], request: Request) -> Given:
    """What a form says of a tenant. Misuse where that cannot be."""
    form = form_of(request)
    try:
        return kind(**{name: form[name].strip() for name in kind.model_fields if name in form})
    except ValidationError as error:
        where = str(error.errors()[0]["loc"][0])
        raise Misuse("that cannot be kept", where=where, next=f"look at {where} once more") from None


def _list(asked: Asked, request: Request, *, paged: Paged, status: int = 200, wrong: str = "") -> Response:
    found = asked.served.tenants.all(portion=paged.portion(require_admin(asked)))
    return page(
        request,
        "settings_tenants.html.j2",
        asked=asked,
        status=status,
        tenants=paged.page(found, lambda one: (one.tenant,)),
        is_first=not paged.after,
        may_add=asked.who.may(Permission.ADMINISTER, EVERYWHERE),
        languages=LANGUAGES,
        given=form_of(request),
        wrong=wrong,
    )


def _one(asked: Asked, request: Request, *, status: int = 200, wrong: str = "", is_kept: bool = False) -> Response:
    return page(
        request,
        "settings_tenant.html.j2",
        asked=asked,
        status=status,
        tenant=tenants.one(asked),
        people=list(_people(asked)),
        platforms=[one for one in asked.served.platforms.all() if one.is_for(asked.tenant)],
        is_admin=asked.who.may(Permission.ADMINISTER, EVERYWHERE),
        languages=LANGUAGES,
        wrong=wrong,
        is_kept=is_kept,
    )


def _people(asked: Asked) -> Iterator[tuple[Account, list[Grant]]]:
    """Who has a role for this tenant by its name. Whom there is at all, admins of every tenant know."""
    if asked.who.may(Permission.ADMINISTER, EVERYWHERE):
        for account in asked.served.accounts.all():
            if own := [grant for grant in account.grants if grant.tenant == asked.tenant]:
                yield account, own
