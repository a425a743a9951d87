"""/tenants/{tenant}/plans/{plan}/scope, …/guesses: what leaves with the tenant, by which paths, and what is guessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.asked import Asked, of_tenant
from api.pages.frame import form_of, page, read_form
from api.routes.operations import opened
from api.slow import SLOW
from migrator.access.roles import Permission
from migrator.engine.explain import Explanation, TableExplained
from migrator.plan.guessed import decided, guessed
from migrator.registry.documents import Kind, Stale
from migrator.reports.tree import tree
from storage.errors import Misuse

router = APIRouter(include_in_schema=False, dependencies=[Depends(read_form)])
Running = Annotated[Asked, of_tenant(Permission.RUN)]
Writing = Annotated[Asked, of_tenant(Permission.WRITE)]
_OTHERS = ("shared", "unclassified", "foreign", "excluded")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A table where it stands in the tree: `guide` leads the eye to the one `above` it."""

    table: TableExplained
    guide: str = ""
    above: str | None = None


# ── what leaves ─────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/tenants/{tenant}/plans/{plan}/scope", dependencies=[SLOW])
def scope(asked: Running, plan: str, request: Request, count: bool = False) -> Response:
    """Every table; asks the source, and with `count` reads how many rows there are of everybody."""
    service, read = opened(asked, plan)
    found = service.explain(read, count=count)
    asked.note("read scope", plan)
    questions = {guess.question for guess in read.needs_source().scope.guesses}
    return page(
        request,
        "scope.html.j2",
        asked=asked,
        tenant=asked.served.tenants.find(asked.tenant),
        name=plan,
        found=found,
        groups=list(_groups(found)),
        guesses=guessed(read),
        problems=[problem for problem in found.scope.problems if problem not in questions],
        crossings=(*found.scope.crossings, *found.scope.left_behind),
        is_counted=count,
        may_write=asked.who.may(Permission.WRITE, asked.tenant),
    )


def _groups(found: Explanation) -> Iterator[tuple[str, list[Line]]]:
    owned = {table.scope.name: table for table in found.tables if table.scope.class_ == "owned"}
    placed = tree({name: table.scope.parents for name, table in owned.items()})
    yield "owned", [Line(table=owned[one.name], guide=one.guide, above=one.above) for one in placed]
    for class_ in _OTHERS:
        if lines := [Line(table=table) for table in found.tables if table.scope.class_ == class_]:
            yield class_, lines


# ── what is guessed ─────────────────────────────────────────────────────────────────────────────────────────
@router.get("/tenants/{tenant}/plans/{plan}/guesses")
def guesses(asked: Writing, plan: str, request: Request) -> Response:
    """What a program proposed and nobody has looked at."""
    return _open_ones(asked, plan, request)


@router.post("/tenants/{tenant}/plans/{plan}/guesses")
def decide(asked: Writing, plan: str, request: Request) -> Response:
    """What is true stays, what is not goes, and what is open stays open: the next version of the plan."""
    form, documents = form_of(request), asked.served.documents
    newest = documents.read(Kind.PLAN, asked.tenant, plan)
    if form.get("after") != str(newest.version):
        return _open_ones(asked, plan, request, status=412, is_stale=True)
    _, read = opened(asked, plan)
    chosen = {one.number: form.get(f"guess-{one.number}", "") for one in guessed(read)}
    true = {number for number, said in chosen.items() if said == "true"}
    untrue = {number for number, said in chosen.items() if said == "untrue"}
    text = decided(read, true=true, untrue=untrue)
    if text != newest.text:
        note = f"guesses: {len(true)} confirmed, {len(untrue)} taken out"
        try:
            asked.served.require_sound(Kind.PLAN, asked.tenant, plan, text)
            with asked.together():
                kept = documents.write(
                    Kind.PLAN, asked.tenant, plan, text, by=asked.who.name, after=newest.version, note=note
                )
                asked.note("write plan", plan, version=str(kept.version))
        except Stale:
            return _open_ones(asked, plan, request, status=412, is_stale=True)
        except Misuse as error:
            return _open_ones(asked, plan, request, status=422, wrong=error)
    return RedirectResponse(f"/tenants/{quote(asked.tenant)}/plans/{plan}", status_code=303)


def _open_ones(
    asked: Asked, plan: str, request: Request, *, status: int = 200, is_stale: bool = False, wrong: Misuse | None = None
) -> Response:
    _, read = opened(asked, plan)
    return page(
        request,
        "guesses.html.j2",
        asked=asked,
        status=status,
        tenant=asked.served.tenants.find(asked.tenant),
        name=plan,
        version=asked.served.documents.read(Kind.PLAN, asked.tenant, plan).version,
        guesses=guessed(read),
        given=form_of(request),
        is_stale=is_stale,
        wrong=wrong,
    )
