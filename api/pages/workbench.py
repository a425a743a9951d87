"""/tenants/{tenant}/mappings/{name}: the workbench. A mapping beside both schemas, one passage changed at a time, and
real rows before and after."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.asked import Asked, of_tenant
from api.pages.diff import diff
from api.pages.frame import form_of, page, read_form
from api.pages.texts_edited import version_of
from api.pages.workbench_desk import Checked, Desk, desk, edge_of, memory_of
from api.pages.workbench_edits import MOST_STEPS, STEPS, Edit, Unsound, column_form, edited, edited_whole
from api.pages.workbench_lines import edge_lines, lines, outstanding, suggested_form, tally
from api.pages.workbench_trial import trial_table
from api.pages.wrong import Wrong
from api.slow import SLOW
from mappings.passages import Passages
from migrator.access.roles import Permission
from migrator.engine.draft.mapping import proposed_edges
from migrator.engine.trial import Trial
from migrator.registry.documents import Kind, Stale
from storage import moment
from storage.errors import MigratorError, Misuse

router = APIRouter(
    prefix="/tenants/{tenant}/mappings/{name}", include_in_schema=False, dependencies=[Depends(read_form)]
)
Looking = Annotated[Asked, of_tenant(Permission.LOOK)]
Writing = Annotated[Asked, of_tenant(Permission.WRITE)]
ROWS = 20


# ── the whole mapping ───────────────────────────────────────────────────────────────────────────────────────
@router.get("")
def overview(asked: Looking, name: str, request: Request, plan: str = "") -> Response:
    """Which tables go where, what becomes of every column, and what is red."""
    return _overview(asked, request, desk(asked, request, name, plan))


@router.post("")
def change_whole(asked: Writing, name: str, request: Request) -> Response:
    """Another version, in which a table goes somewhere, or nowhere for a reason."""
    form = form_of(request)
    found = desk(asked, request, name, form.get("plan", ""), version=version_of(form))
    try:
        edit = edited_whole(found, form)
        return _kept(asked, found, edit, form, f"{_place(found)}{_asking(found)}")
    except Stale:
        return _conflict(asked, request, found, edit, form, action=_place(found))
    except Misuse as error:
        return _overview(asked, request, found, status=422, wrong=_wrong(error, found))


@router.post("/check", dependencies=[SLOW])
def check(asked: Annotated[Asked, of_tenant(Permission.RUN)], name: str, request: Request) -> Response:
    """Every row of the archive, asked of the newest version; what comes of it stands where it belongs."""
    found = desk(asked, request, name, form_of(request).get("plan", ""))
    if found.plan is None or found.archive is None:
        raise Misuse(
            "no plan and archive to check it on", where=name, next="name the mapping in a plan, take a snapshot"
        )
    result = asked.service.map_check(found.plan, found.archive.location)
    asked.note("check mapping", found.plan.name)
    memory_of(request).checks.put(found.question, Checked(at=moment.now(), found=result))
    return RedirectResponse(f"{_place(found)}{_asking(found)}#problems", status_code=303)


def _overview(
    asked: Asked, request: Request, found: Desk, *, status: int = 200, wrong: Wrong | None = None
) -> Response:
    _note_examples(asked, found, None)
    return page(
        request,
        "workbench.html.j2",
        asked=asked,
        status=status,
        **_common(asked, found),
        edges=edge_lines(found),
        tally=tally(found),
        outstanding=outstanding(found),
        suggested={one.source: one for one in proposed_edges(found.mapping, found.source_tables, found.target_tables)},
        wrong=wrong,
    )


# ── one edge ────────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/edges/{number}")
def edge(
    asked: Looking, name: str, number: int, request: Request, plan: str = "", column: str = "", suggested: bool = False
) -> Response:
    """Source and target side by side; a column that is chosen is edited beside them."""
    found = desk(asked, request, name, plan)
    edge_of(found, number)
    return _edge(asked, request, found, number, column=column, is_suggested=suggested)


@router.post("/edges/{number}/try", dependencies=[SLOW])
def try_out(asked: Writing, name: str, number: int, request: Request) -> Response:
    """Twenty rows through the edge as the form would have it. Nothing is kept."""
    form = form_of(request)
    found = desk(asked, request, name, form.get("plan", ""), version=version_of(form))
    edge_of(found, number)
    tried, wrong = None, None
    try:
        tried = _tried(asked, found, number, edited(found, number, form), form.get("column") or None)
    except MigratorError as error:
        wrong = _wrong(error, found)
    column = form.get("column", "")
    if request.headers.get("hx-request"):
        return page(
            request,
            "workbench_trial.html.j2",
            asked=asked,
            trial=trial_table(tried, column) if tried else None,
            wrong=wrong,
        )
    return _edge(asked, request, found, number, column=column, tried=tried, wrong=wrong)


@router.post("/edges/{number}")
def change(asked: Writing, name: str, number: int, request: Request) -> Response:
    """Another version, with one passage of the edge as the form says."""
    form = form_of(request)
    found = desk(asked, request, name, form.get("plan", ""), version=version_of(form))
    edge_of(found, number)
    here = f"{_place(found)}/edges/{number}"
    try:
        edit = edited(found, number, form)
        return _kept(asked, found, edit, form, f"{here}{_asking(found, column=form.get('column', ''))}")
    except Stale:
        return _conflict(asked, request, found, edit, form, action=here)
    except Misuse as error:
        wrong = _wrong(error, found)
        return _edge(asked, request, found, number, status=422, column=form.get("column", ""), wrong=wrong)


def _edge(
    asked: Asked,
    request: Request,
    found: Desk,
    number: int,
    *,
    status: int = 200,
    column: str = "",
    is_suggested: bool = False,
    tried: Trial | None = None,
    wrong: Wrong | None = None,
) -> Response:
    form = form_of(request)
    _note_examples(asked, found, number)
    shown = lines(found, number)
    given = column_form(found, number, column, form or None) if column else None
    if given is not None and is_suggested:
        given = suggested_form(shown, column) or given
    text = form.get("text") or Passages.of(found.written.text).written(found.path_of(number)) or ""
    return page(
        request,
        "workbench_edge.html.j2",
        asked=asked,
        status=status,
        **_common(asked, found),
        edge=found.mapping.edges[number],
        number=number,
        lines=shown,
        column=column,
        given=given,
        text=text,
        steps=STEPS,
        most_steps=MOST_STEPS,
        trial=trial_table(tried, column) if tried else None,
        wrong=wrong,
        note=form.get("note", ""),
    )


def _tried(asked: Asked, found: Desk, number: int, edit: Edit, column: str | None) -> Trial:
    """Misuse where there is nothing to try it on."""
    if found.archive is None or found.target is None:
        raise Misuse("there is no archive or no target to try it on", where=found.written.name, next="take a snapshot")
    mapping = found.read(edit.text)
    asked.note("read rows", found.archive.identity.archive_id, table=mapping.edges[number].source, by="mapping")
    return asked.service.map_trial(found.archive, mapping, found.target, number, rows=ROWS, column=column)


# ── another version ─────────────────────────────────────────────────────────────────────────────────────────
def _kept(asked: Asked, found: Desk, edit: Edit, form: dict[str, str], back: str) -> Response:
    """Written after the version that was read. Stale where somebody else wrote one meanwhile."""
    if edit.text != found.written.text:
        note = form.get("note", "").strip()[:500] or edit.what
        with asked.together():
            kept = asked.served.documents.write(
                Kind.MAPPING,
                asked.tenant,
                found.written.name,
                edit.text,
                by=asked.who.name,
                after=version_of(form),
                note=note,
            )
            asked.note("write mapping", found.written.name, version=str(kept.version))
    return RedirectResponse(back, status_code=303)


def _conflict(
    asked: Asked, request: Request, found: Desk, edit: Edit, form: dict[str, str], *, action: str
) -> Response:
    """What they wrote, what is here, and whether the two touch."""
    newest = asked.served.documents.read(Kind.MAPPING, asked.tenant, found.written.name)
    before, now, mine = (Passages.of(text).written(edit.path) for text in (found.written.text, newest.text, edit.text))
    kept = {name: value for name, value in form.items() if name not in ("form_token", "after")}
    return page(
        request,
        "workbench_conflict.html.j2",
        asked=asked,
        status=412,
        **_common(asked, found),
        newest=newest,
        theirs=diff(found.written.text, newest.text),
        same_place=before != now,
        now=now or "",
        mine=mine or "",
        what=edit.what,
        kept=kept,
        action=action,
    )


def _note_examples(asked: Asked, found: Desk, edge: int | None) -> None:
    """What a check told may hold values of rows: whoever looks at those is in the audit, whoever made it, and when."""
    if found.archive is not None and any(one.edge == edge and one.problem.examples for one in found.problems()):
        table = "every table" if edge is None else found.mapping.edges[edge].source
        asked.note("read rows", found.archive.identity.archive_id, table=table, by="check")


def _common(asked: Asked, found: Desk) -> dict[str, Any]:
    tenant = asked.tenant
    return {
        "desk": found,
        "place": _place(found),
        "asking": _asking(found),
        "tenant": asked.served.tenants.find(tenant),
        "may_write": asked.who.may(Permission.WRITE, tenant),
        "may_run": asked.who.may(Permission.RUN, tenant),
    }


def _place(found: Desk) -> str:
    return f"/tenants/{quote(found.written.tenant)}/mappings/{found.written.name}"


def _asking(found: Desk, **more: str) -> str:
    """The part of an address that keeps the plan that was chosen, where there are several."""
    told = {"plan": found.plan.name} if found.plan and len(found.plans) > 1 else {}
    told |= {name: value for name, value in more.items() if value}
    return f"?{urlencode(told)}" if told else ""


def _wrong(error: MigratorError, found: Desk) -> Wrong:
    """What is wrong, at the line of the text in which it is."""
    return Wrong.of(error, error.text if isinstance(error, Unsound) else found.written.text)
