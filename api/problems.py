"""Errors as RFC 9457 problems: the texts of the command line, and a status that says whose move it is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from migrator.registry.documents import Stale, Unwritten
from storage.errors import Fault, MigratorError, Misuse, Red, TransientFault

_LOG = logging.getLogger("migrator.http")
_FOR_PROGRAMS = ("/v1", "/metrics")
MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "the request cannot be read",
    401: "who are you?",
    403: "you may not do that",
    404: "there is nothing there",
    405: "that cannot be done there",
    413: "the request is too large",
}


@dataclass(kw_only=True)
class Refusal(Exception):  # noqa: N818 - it becomes an answer
    """What a request ends with before any operation is asked; `headers` go along."""

    status: int
    what: str
    kind: str = "refused"
    where: str = ""
    next: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


AsPage = Callable[[Request, Refusal], Response]


def unknown(what: str, name: str) -> Refusal:
    """For what is not there, and just so for what is another tenant's."""
    return Refusal(status=404, kind="unknown", what=f"no {what} {name!r}", where=what, next="look at the list of them")


def install(app: FastAPI, as_page: AsPage) -> None:
    """Every error of this application becomes a problem, or, of a page, a page that says so."""

    async def of_refusal(request: Request, error: Exception) -> Response:
        refusal = error if isinstance(error, Refusal) else _refused(error)
        if refusal.kind == "defect":
            told = str(getattr(request.state, "id", "-"))
            refusal.headers["X-Request-Id"] = told  # it is answered beyond whatever else says so
            _LOG.error("a defect", exc_info=error, extra={"about": {"request": told}})
        if request.url.path.startswith(_FOR_PROGRAMS):
            return _answered(refusal)
        return as_page(request, refusal)

    for kind in (MigratorError, Refusal, RequestValidationError, ValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, of_refusal)


def problem(
    status: int,
    kind: str,
    what: str,
    *,
    where: str = "",
    next: str = "",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    body = {"type": f"/problems/{kind}", "title": what, "status": status, "where": where, "next": next, **more}
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def status_of(error: MigratorError) -> tuple[int, str]:
    """Whose move it is, as HTTP says it, and what kind of problem."""
    match error:
        case Stale():
            return 412, "stale"
        case Unwritten():
            return 404, "unknown"
        case Misuse():
            return 422, "misuse"
        case Red():
            return 409, "red"
        case TransientFault():
            return 503, "fault"
        case Fault():
            return 502, "fault"
    return 500, "error"


def _answered(refusal: Refusal) -> JSONResponse:
    return problem(
        refusal.status,
        refusal.kind,
        refusal.what,
        where=refusal.where,
        next=refusal.next,
        headers=refusal.headers,
        **refusal.more,
    )


def _refused(error: Exception) -> Refusal:
    match error:
        case MigratorError():
            return _of_ours(error)
        case RequestValidationError() | ValidationError():  # the latter of a form
            return _of_validation(error)
        case HTTPException():
            what = _TITLES.get(error.status_code, "the request was refused")
            return Refusal(status=error.status_code, kind="http", what=what, headers=dict(error.headers or {}))
    # a defect of ours: nothing of it is shown, all of it is in the server's log
    return Refusal(
        status=500,
        kind="defect",
        what="this is a defect of the server",
        next="tell its operator the id of this request, in the header X-Request-Id",
    )


def _of_ours(error: MigratorError) -> Refusal:
    status, kind = status_of(error)
    problems = [asdict(one) for one in error.problems] if isinstance(error, Red) else []
    more = {"exit_code": error.exit_code, "problems": problems}
    return Refusal(status=status, kind=kind, what=error.what, where=error.where, next=error.next, more=more)


def _of_validation(error: RequestValidationError | ValidationError) -> Refusal:
    wrong = [
        {"where": ".".join(str(part) for part in one["loc"]), "what": one["msg"]}  # not what was sent: a password, say
        for one in error.errors()
    ]
    first = wrong[0] if wrong else {"where": "", "what": "the request does not fit"}
    return Refusal(
        status=422,
        kind="misuse",
        what=first["what"],
        where=first["where"],
        next="the API's description says what fits: /v1/openapi.json",
        more={"problems": wrong},
    )
