"""/settings/platforms: where plans may lead. What is written of an address and its keys is not shown again."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import SecretStr

from api.asked import Asked
from api.pages.frame import form_of, page, read_form
from api.pages.settings import Admin, Wrong, said
from api.paging import FIRST, Paged, Turned
from api.problems import unknown
from api.routes import platforms
from api.slow import SLOW
from migrator.registry.documents import Kind, Written
from migrator.registry.platforms import EVERYBODY, Platform
from storage.errors import Misuse

router = APIRouter(prefix="/settings/platforms", include_in_schema=False, dependencies=[Depends(read_form)])


@router.get("")
def every(asked: Admin, request: Request, paged: Paged) -> Response:
    return _list(asked, request, paged=paged)


@router.post("")
def register(asked: Admin, request: Request) -> Response:
    form = form_of(request)
    name = form.get("name", "").strip()
    try:
        if asked.served.platforms.find(name) is not None:
            raise Misuse(f"there is a platform {name} already", where="name", next="change that one, or choose another")
        if tenant := form.get("tenant", ""):
            _require_tenant(asked, tenant)
        platforms.put(asked, name, _address(form, [tenant] if tenant else []))
    except Wrong as error:
        return _list(asked, request, **said(error))
    return RedirectResponse(f"/settings/platforms/{name}?done=registered", status_code=303)


@router.get("/{name}")
def one(asked: Admin, request: Request, name: str, done: str = "") -> Response:
    return _one(asked, request, name, is_kept=bool(done))


@router.post("/{name}/address")
def readdress(asked: Admin, request: Request, name: str) -> Response:
    found = _found(asked, name)
    try:
        platforms.put(asked, name, _address(form_of(request), list(found.tenants)))
    except Wrong as error:
        return _one(asked, request, name, **said(error))
    return RedirectResponse(f"/settings/platforms/{name}?done=registered", status_code=303)


@router.post("/{name}/tenants")
def allow(asked: Admin, request: Request, name: str) -> Response:
    """One more tenant may use it."""
    found, tenant = _found(asked, name), form_of(request).get("tenant", "")
    _require_tenant(asked, tenant)
    _allow(asked, name, [*found.tenants, tenant])
    return RedirectResponse(f"/settings/platforms/{name}", status_code=303)


@router.post("/{name}/tenants/taken")
def take(asked: Admin, request: Request, name: str) -> Response:
    """One tenant less."""
    found, gone = _found(asked, name), form_of(request).get("tenant", "")
    _allow(asked, name, [tenant for tenant in found.tenants if tenant != gone])
    return RedirectResponse(f"/settings/platforms/{name}", status_code=303)


@router.post("/{name}/trial", dependencies=[SLOW])
def try_out(asked: Admin, request: Request, name: str) -> Response:
    """What was found is on the page that answers."""
    return _one(asked, request, name, tried=platforms.try_out(asked, name))


@router.post("/{name}/removed")
def remove(asked: Admin, request: Request, name: str) -> Response:
    """Whoever ticks that they know what names it."""
    _found(asked, name)
    if "sure" not in form_of(request):
        return RedirectResponse(f"/settings/platforms/{name}", status_code=303)
    platforms.remove(asked, name)
    return RedirectResponse("/settings/platforms", status_code=303)


def _require_tenant(asked: Asked, tenant: str) -> None:
    if tenant != EVERYBODY and asked.served.tenants.find(tenant) is None:
        raise unknown("tenant", tenant)


def _allow(asked: Asked, name: str, tenants: list[str]) -> None:
    platforms.allow(asked, name, platforms.Allowed(tenants=list(dict.fromkeys(tenants))))


def _address(form: dict[str, str], tenants: list[str]) -> platforms.Address:
    if not form.get("url", "").strip():
        raise Misuse("no address is written", where="url", next="write it whole, with user and password")
    return platforms.Address(
        url=SecretStr(form["url"].strip()),
        access_key=SecretStr(form.get("access_key", "").strip()),
        secret_key=SecretStr(form.get("secret_key", "").strip()),
        tenants=tenants,
    )


def _found(asked: Asked, name: str) -> Platform:
    if (found := asked.served.platforms.find(name)) is None:
        raise unknown("platform", name)
    return found


def _naming(asked: Asked, name: str) -> list[Written]:
    """Plans that name it, as they stand now."""
    return [plan for plan in asked.served.documents.newest(Kind.PLAN) if f"${{{name}}}" in plan.text]


def _list(asked: Asked, request: Request, *, paged: Turned = FIRST, status: int = 200, wrong: str = "") -> Response:
    found = paged.page(asked.served.platforms.all(portion=paged.portion(None)), lambda one: (one.name,))
    return page(
        request,
        "platforms.html.j2",
        asked=asked,
        status=status,
        platforms=found,
        is_first=not paged.after,
        tenants=asked.served.tenants.all(),
        given=form_of(request),
        wrong=wrong,
    )


def _one(
    asked: Asked,
    request: Request,
    name: str,
    *,
    status: int = 200,
    wrong: str = "",
    is_kept: bool = False,
    tried: platforms.Tried | None = None,
) -> Response:
    found = _found(asked, name)
    return page(
        request,
        "platforms_one.html.j2",
        asked=asked,
        status=status,
        platform=found,
        tenants=asked.served.tenants.all(),
        naming=_naming(asked, name),
        wrong=wrong,
        is_kept=is_kept,
        tried=tried,
    )
