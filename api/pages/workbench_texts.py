"""/tenants/{tenant}/mappings, …/new-mapping, …/{name}/edit: which mappings there are, a first one, and its text."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.asked import Asked, of_tenant
from api.pages.frame import form_of, page, read_form
from api.pages.plans import is_there
from api.pages.texts_edited import Editor
from api.pages.workbench_desk import sides
from api.pages.wrong import Wrong
from api.slow import SLOW
from mappings.flow import flow_scalar
from mappings.load import load_mapping
from migrator.access.roles import Permission
from migrator.engine.draft.mapping import drafted_mapping, proposed_edges
from migrator.registry.documents import Kind
from storage.errors import MigratorError, Misuse

router = APIRouter(prefix="/tenants/{tenant}", include_in_schema=False, dependencies=[Depends(read_form)])
Looking = Annotated[Asked, of_tenant(Permission.LOOK)]
Writing = Annotated[Asked, of_tenant(Permission.WRITE)]
_EMPTY = """\
mapping: {name}
version: 1
tables:
  target_table:
    edges:
      - from: source_table
        columns:
          id: id
"""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def _require_mapping(_asked: Asked, name: str, text: str) -> None:
    load_mapping(text, file=f"mapping {name}")


_EDITOR = Editor(kind=Kind.MAPPING, template="workbench_text.html.j2", place="mappings", require=_require_mapping)


@router.get("/mappings")
def every(asked: Looking, request: Request) -> Response:
    """The newest version of each."""
    return page(
        request,
        "workbench_list.html.j2",
        asked=asked,
        tenant=asked.served.tenants.find(asked.tenant),
        mappings=asked.served.documents.newest(Kind.MAPPING, tenant=asked.tenant),
        may_write=asked.who.may(Permission.WRITE, asked.tenant),
    )


# ── a new one ───────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/new-mapping")
def ask_for_new(asked: Writing, request: Request) -> Response:
    """What it is called, and what it begins with."""
    return _form(asked, request)


@router.post("/new-mapping", dependencies=[SLOW])
def compose(asked: Writing, request: Request) -> Response:
    """Its first text, to be looked at and kept."""
    form = {name: value.strip() for name, value in form_of(request).items()}
    name = form.get("name", "")
    try:
        if _NAME.fullmatch(name) is None:
            raise Misuse("this is no name of a mapping", next="small letters, digits, . _ and -, say acme.yaml")
        if is_there(asked, Kind.MAPPING, name):
            raise Misuse(f"there is a mapping {name!r} already", next="open that one, or choose another name")
        text = _first_text(asked, request, name, form.get("begin", ""))
    except MigratorError as error:
        return _form(asked, request, status=422, wrong=Wrong(what=error.what, next=error.next))
    return _EDITOR.shown(asked, request, name, text=text, after=0)


def _first_text(asked: Asked, request: Request, name: str, begin: str) -> str:
    """A draft from what a plan's archive and target look like, the text of another, or nearly nothing."""
    kind, _, which = begin.partition(":")
    match kind:
        case "draft":
            found = sides(asked, request, asked.served.plan(asked.service, asked.tenant, which))
            if found["lacking"]:
                raise found["lacking"][0]
            source, target = tuple(part.table for part in found["archive"].tables), found["target"].tables
            edges = proposed_edges(None, source, target)
            if not edges:
                raise Misuse("no two tables look alike", next="begin with an empty one")
            return drafted_mapping(PurePosixPath(name).stem, edges, source, target)
        case "copy":
            return asked.served.documents.read(Kind.MAPPING, asked.tenant, which).text
        case "shipped":
            if which not in _shipped():
                raise Misuse(f"no mapping {which!r} comes with this program", next=f"known: {', '.join(_shipped())}")
            return files("mappings").joinpath("catalog", which).read_text(encoding="utf-8")
    return _EMPTY.format(name=flow_scalar(PurePosixPath(name).stem))


def _shipped() -> tuple[str, ...]:
    names = (part.name for part in files("mappings").joinpath("catalog").iterdir())
    return tuple(sorted(name for name in names if name.endswith(".yaml")))


def _form(asked: Asked, request: Request, *, status: int = 200, wrong: Wrong | None = None) -> Response:
    documents = asked.served.documents
    return page(
        request,
        "workbench_new.html.j2",
        asked=asked,
        status=status,
        tenant=asked.served.tenants.find(asked.tenant),
        plans=documents.newest(Kind.PLAN, tenant=asked.tenant),
        mappings=documents.newest(Kind.MAPPING, tenant=asked.tenant),
        shipped=_shipped(),
        given=form_of(request),
        wrong=wrong,
    )


# ── its text ────────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/mappings/{name}/edit")
def edit(asked: Writing, name: str, request: Request, version: int | None = None) -> Response:
    return _EDITOR.opened(asked, request, name, version)


@router.post("/mappings/{name}/edit")
def keep(asked: Writing, name: str, request: Request) -> Response:
    return _EDITOR.kept(asked, request, name, note=form_of(request).get("note", "").strip()[:500])
