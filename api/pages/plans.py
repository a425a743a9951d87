"""/tenants/{tenant}/plans/{plan}, …/edit, /tenants/{tenant}/new-plan: a plan as it stands, and written anew."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.asked import Asked, of_tenant
from api.pages.frame import form_of, page, read_form
from api.pages.texts_edited import Editor
from api.pages.wrong import Wrong
from api.slow import SLOW
from migrator.access.roles import EVERYWHERE, Permission
from migrator.engine.draft import written
from migrator.plan import Plan
from migrator.plan.first import FirstWords, said
from migrator.plan.guessed import guessed
from migrator.registry.documents import Kind, Unwritten
from storage.errors import MigratorError, Misuse

router = APIRouter(include_in_schema=False, dependencies=[Depends(read_form)])
Looking = Annotated[Asked, of_tenant(Permission.LOOK)]
Writing = Annotated[Asked, of_tenant(Permission.WRITE)]
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def _require_sound(asked: Asked, name: str, text: str) -> None:
    asked.served.require_sound(Kind.PLAN, asked.tenant, name, text)


_EDITOR = Editor(kind=Kind.PLAN, template="edit_plan.html.j2", place="plans", require=_require_sound)


@router.get("/tenants/{tenant}/plans/{plan}")
def plan(asked: Looking, plan: str, request: Request) -> Response:
    """A plan as it stands, and what can be done with it."""
    served = asked.served
    newest, read = served.documents.read(Kind.PLAN, asked.tenant, plan), readable(asked, plan)
    mapping = PurePosixPath(read.mapping).name if read and read.mapping else ""
    return page(
        request,
        "plan.html.j2",
        asked=asked,
        plan=newest,
        tenant=served.tenants.find(asked.tenant),
        archives=served.service.archives(asked.tenant)[::-1],
        mapping=mapping if mapping and is_there(asked, Kind.MAPPING, mapping) else "",
        guesses=guessed(read) if read else (),
        retains=read is not None and read.retention is not None,
        may_run=asked.who.may(Permission.RUN, asked.tenant),
        may_ask=asked.who.may(Permission.ASK, asked.tenant),
        may_write=asked.who.may(Permission.WRITE, asked.tenant),
    )


def readable(asked: Asked, name: str) -> Plan | None:
    """The plan; None where it cannot be read now, say because a platform it names is no more: its editor tells."""
    try:
        return asked.served.plan(asked.service, asked.tenant, name)
    except Unwritten:
        raise
    except Misuse:
        return None


# ── a new one ───────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/tenants/{tenant}/new-plan")
def ask_for_new(asked: Writing, request: Request) -> Response:
    """What a first plan has to say."""
    return _form(asked, request)


@router.post("/tenants/{tenant}/new-plan", dependencies=[SLOW])
def compose(asked: Writing, request: Request) -> Response:
    """Its first text, to be looked at and kept."""
    form = {name: value.strip() for name, value in form_of(request).items()}
    try:
        name, text = _first_text(asked, form)
    except MigratorError as error:
        return _form(asked, request, status=422, wrong=Wrong(what=error.what, next=error.next))
    return _EDITOR.shown(asked, request, name, text=text, after=0)


def _first_text(asked: Asked, form: dict[str, str]) -> tuple[str, str]:
    """The name and the text; Misuse where something is missing."""
    name = form.get("name", "")
    if _NAME.fullmatch(name) is None:
        raise Misuse("a plan's name", next="small letters, digits, . _ and -; it begins with a letter or a digit")
    if is_there(asked, Kind.PLAN, name):
        raise Misuse(f"there is a plan {name!r} already", next="open that one, or choose another name")
    words = FirstWords(
        plan=name,
        tenant=asked.tenant,
        **{part: form.get(part, "") for part in ("source", "store", "mapping", "target", "table", "column", "value")},
    )
    if words.table and not words.column:
        raise Misuse("by which column is the tenant's row known?", next="name the table's key, say id")
    return name, _drafted(asked, words) if "draft" in form else words.text


def _drafted(asked: Asked, words: FirstWords) -> str:
    """The scope as the source suggests it: only for those who may see every tenant of it."""
    if not asked.who.may(Permission.RUN, EVERYWHERE):
        raise Misuse("a platform holds many tenants", next="ask somebody who may operate everywhere")
    known = f"{words.column}={words.value}"
    root = (f"{words.table}.{known}" if words.table else known) if words.column and words.value else ""
    found = asked.service.draft(f"${{{words.source}}}", tenant=asked.tenant, root=root)
    asked.note("draft scope", words.source)
    text = written(found, address=f"${{{words.source}}}")
    text = re.sub(r"^plan: .*$", lambda _: f"plan: {said(words.plan)}", text, count=1, flags=re.MULTILINE)
    rest = words.text.partition("\nstore: ")[2]
    return f"{text}store: {rest}"


def _form(asked: Asked, request: Request, *, status: int = 200, wrong: Wrong | None = None) -> Response:
    served = asked.served
    return page(
        request,
        "new_plan.html.j2",
        asked=asked,
        status=status,
        tenant=served.tenants.find(asked.tenant),
        platforms=[one for one in served.platforms.all() if one.is_for(asked.tenant)],
        mappings=served.documents.newest(Kind.MAPPING, tenant=asked.tenant),
        given=form_of(request),
        wrong=wrong,
        may_draft=asked.who.may(Permission.RUN, EVERYWHERE),
    )


# ── its text ────────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/tenants/{tenant}/plans/{plan}/edit")
def edit(asked: Writing, plan: str, request: Request, version: int | None = None) -> Response:
    return _EDITOR.opened(asked, request, plan, version)


@router.post("/tenants/{tenant}/plans/{plan}/edit")
def keep(asked: Writing, plan: str, request: Request) -> Response:
    form = form_of(request)
    note = form.get("note", "")[:500]
    return _EDITOR.kept(asked, request, plan, note=note, only_check=form.get("do") == "check")


def is_there(asked: Asked, kind: Kind, name: str) -> bool:
    try:
        asked.served.documents.read(kind, asked.tenant, name)
    except Unwritten:
        return False
    return True
