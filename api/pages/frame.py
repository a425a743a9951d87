"""The frame of every page: its template, its language, and who reads it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from functools import cache
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from api.asked import Asked, address_of, principal_of, session_of
from api.pages.words import preferred, said_number, words
from api.problems import Refusal
from api.texts import not_whole
from migrator.access.roles import EVERYWHERE
from migrator.access.sessions import form_token
from migrator.reports import visible
from storage.errors import MigratorError
from storage.quantity import said_duration, said_size

SECURE_PAGE = {"Cache-Control": "no-store"}


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("api", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["size"] = said_size
    made.filters["duration"] = said_duration
    made.filters["number"] = said_number
    made.filters["moment"] = _moment
    made.filters["visible"] = visible.visible
    made.filters["name"] = visible.name
    made.filters["key"] = visible.key_text
    made.globals["compared"] = visible.compared
    return made


def page(
    request: Request, template: str, *, asked: Asked | None = None, status: int = 200, **values: object
) -> HTMLResponse:
    """The page, in its reader's language."""
    language = _language(request, asked)
    session = session_of(request)
    text = (
        _environment()
        .get_template(template)
        .render(
            t=words(language),
            language=language,
            who=asked.who if asked else None,
            form_token=form_token(session) if session else "",
            path=request.url.path,
            **values,
        )
    )
    return HTMLResponse(text, status_code=status, headers=SECURE_PAGE)


def problem_page(request: Request, refusal: Refusal) -> Response:
    """A refusal as a person reads it; whoever is nobody yet is led to where they log in."""
    if refusal.status == 401 and request.method == "GET":
        where = quote(request.url.path, safe="/") + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?{urlencode({'next': where}, safe='/')}", status_code=303)
    asked = _asked(request) if refusal.status < 500 else None  # else what would say who it is may be what is broken
    return page(request, "problem.html.j2", asked=asked, status=refusal.status, problem=refusal)


def _asked(request: Request) -> Asked | None:
    """Who made a request that was refused, if that is known: they keep their language, and the ways elsewhere."""
    with suppress(Refusal, MigratorError):
        who = principal_of(request)
        return Asked(served=request.app.state.served, who=who, tenant=EVERYWHERE, address=address_of(request))
    return None


async def read_form(request: Request) -> None:
    """What a form sent, before anybody asks who sent it."""
    if request.method != "POST":
        return
    body = (await request.body()).decode("utf-8", "replace")
    try:
        form = dict(parse_qsl(body, keep_blank_values=True, max_num_fields=200))
    except ValueError as error:
        raise Refusal(status=422, kind="misuse", what="a form has 200 fields at most", next="load it again") from error
    if "\0" in "".join((*form, *form.values())):
        raise not_whole("form")
    request.state.form = form


def form_of(request: Request) -> dict[str, str]:
    found: dict[str, str] = getattr(request.state, "form", {})
    return found


def _language(request: Request, asked: Asked | None) -> str:
    if asked is not None and (account := asked.served.accounts.find(asked.who.id)) is not None:
        return account.language
    return preferred(request.headers.get("accept-language", ""))


def _moment(value: str | None) -> str:
    return datetime.fromisoformat(value).strftime("%Y-%m-%d %H:%M") + " UTC" if value else ""
