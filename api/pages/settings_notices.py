"""/settings/notices: who is told what happened, and what became of what was sent. A secret is shown once."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import SecretStr

from api.asked import Asked
from api.pages.frame import form_of, page, read_form
from api.pages.settings import Admin, Wrong, said
from api.paging import FIRST, Paged, Turned
from api.problems import unknown
from api.routes import subscriptions
from migrator.notices.notice import USUAL, About
from migrator.notices.outbox import Delivery
from migrator.notices.subscriptions import Subscription
from storage.errors import Misuse

router = APIRouter(prefix="/settings/notices", include_in_schema=False, dependencies=[Depends(read_form)])
_CHOICES: tuple[About, ...] = tuple(about for about in About if about is not About.TEST)
_SENT = 20


@router.get("")
def every(asked: Admin, request: Request, paged: Paged) -> Response:
    return _list(asked, request, paged=paged)


@router.post("")
def add(asked: Admin, request: Request) -> Response:
    """The secret is on the page that answers, and nowhere else."""
    name = form_of(request).get("name", "").strip()
    try:
        if asked.served.subscriptions.find(name) is not None:
            raise Misuse(f"{name} is told already", where="name", next="change that one, or choose another name")
        made = subscriptions.put(asked, name, _wanted(request))
    except Wrong as error:
        return _list(asked, request, **said(error))
    return _one(asked, request, name, made=made)


@router.get("/{name}")
def one(asked: Admin, request: Request, name: str, tested: str = "") -> Response:
    return _one(asked, request, name, is_tested=bool(tested))


@router.post("/{name}")
def change(asked: Admin, request: Request, name: str) -> Response:
    _found(asked, name)
    try:
        made = subscriptions.put(asked, name, _wanted(request))
    except Wrong as error:
        return _one(asked, request, name, **said(error))
    return _one(asked, request, name, made=made)


@router.post("/{name}/test")
def test(asked: Admin, name: str) -> Response:
    subscriptions.test(asked, name)
    return RedirectResponse(f"/settings/notices/{name}?tested=1", status_code=303)


@router.post("/{name}/removed")
def remove(asked: Admin, name: str) -> Response:
    subscriptions.remove(asked, name)
    return RedirectResponse("/settings/notices", status_code=303)


def _wanted(request: Request) -> subscriptions.Wanted:
    form = form_of(request)
    about: list[About] = [one for one in _CHOICES if one in form]
    if not about or not form.get("tenant"):
        raise Misuse("nothing was chosen to be told", where="about", next="choose of whom, and at least one thing")
    return subscriptions.Wanted(url=SecretStr(form.get("url", "").strip()), tenant=form["tenant"], about=about)


def _found(asked: Asked, name: str) -> Subscription:
    if (found := asked.served.subscriptions.find(name)) is None:
        raise unknown("subscription", name)
    return found


def _list(asked: Asked, request: Request, *, paged: Turned = FIRST, status: int = 200, wrong: str = "") -> Response:
    found = paged.page(asked.served.subscriptions.all(portion=paged.portion(None)), lambda one: (one.name,))
    form = form_of(request)
    return page(
        request,
        "settings_notices.html.j2",
        asked=asked,
        status=status,
        notices=found,
        is_first=not paged.after,
        choices=_CHOICES,
        chosen=[one for one in _CHOICES if one in form] if wrong else list(USUAL),
        tenants=asked.served.tenants.all(),
        given=form,
        wrong=wrong,
    )


def _one(
    asked: Asked,
    request: Request,
    name: str,
    *,
    status: int = 200,
    wrong: str = "",
    made: dict[str, Any] | None = None,
    is_tested: bool = False,
) -> Response:
    sent = asked.served.outbox.of(name, limit=_SENT)
    return page(
        request,
        "settings_notice.html.j2",
        asked=asked,
        status=status,
        notice=_found(asked, name),
        sent=[(one, _about(one)) for one in sent],
        choices=_CHOICES,
        tenants=asked.served.tenants.all(),
        wrong=wrong,
        made=made,
        is_tested=is_tested,
    )


def _about(delivery: Delivery) -> str:
    return str(json.loads(delivery.body)["type"])
