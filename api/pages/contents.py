"""/archives/{archive}/files, …/check: the files an archive holds, each to look at, and whether all of it is whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from api.asked import Asked, of_archive
from api.pages.frame import form_of, page, read_form
from api.paging import Start
from api.problems import unknown
from api.routes.archives import found
from api.routes.contents import Sha256, opened
from api.routes.keeping import Restore, bring_back
from api.slow import SLOW
from migrator.access.roles import Permission
from storage.archive import Archive
from storage.errors import Misuse
from storage.files import FileEntry
from storage.media import HEAD, media_type
from storage.streamed import Streamed

router = APIRouter(include_in_schema=False, dependencies=[Depends(read_form)])
Looking = Annotated[Asked, of_archive(Permission.LOOK)]
Reading = Annotated[Asked, of_archive(Permission.READ_ROWS)]
Running = Annotated[Asked, of_archive(Permission.RUN)]
_SHOWN = 50
_MOST_TEXT = 64 << 10  # bytes
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif"})
"""What a browser draws and nothing else: no markup, no script."""


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/archives/{archive}/files")
def files(asked: Reading, archive: str, request: Request, start: Start = 0) -> Response:
    """Every file, with the row it belongs to."""
    record = found(asked, archive)
    held = asked.service.files(record, start=start, count=_SHOWN)
    asked.note("list files", archive)
    kept = asked.service.archive(record.location)
    return page(
        request,
        "files.html.j2",
        asked=asked,
        archive=record,
        tenant=asked.served.tenants.find(asked.tenant),
        held=held,
        rows={one: _row(kept, one) for one in held.shown},
        start=start,
        last=min(start + _SHOWN, held.count),
        step=_SHOWN,
    )


@router.get("/archives/{archive}/files/{sha256}")
def look(asked: Reading, archive: str, sha256: Sha256, request: Request) -> Response:
    """One file: a picture or the beginning of a text as it is, of everything else what is known."""
    record = found(asked, archive)
    entry, content = opened(asked, archive, sha256)
    asked.note("look at file", archive, table=entry.table, row=entry.row)
    head = _head(content, _MOST_TEXT + 1)
    seen = media_type(head[:HEAD])
    return page(
        request,
        "file.html.j2",
        asked=asked,
        archive=record,
        tenant=asked.served.tenants.find(asked.tenant),
        file=entry,
        seen=seen,
        row=_row(asked.service.archive(record.location), entry),
        is_picture=seen in _PICTURES,
        text=_text(head) if seen not in _PICTURES else None,
        is_cut=len(head) > _MOST_TEXT,
    )


@router.get("/archives/{archive}/files/{sha256}/picture")
def picture(asked: Reading, archive: str, sha256: Sha256) -> Response:
    """The picture alone; no other content is ever shown by a browser as what it is."""
    entry, content = opened(asked, archive, sha256)
    seen = media_type(_head(content, HEAD))
    if seen not in _PICTURES:
        raise unknown("picture", sha256)
    headers = {"Content-Length": str(entry.size), "Cache-Control": "no-store"}
    return StreamingResponse(content.from_byte(), media_type=seen, headers=headers)


def _head(content: Streamed, count: int) -> bytes:
    head = b""
    for chunk in content.from_byte():
        head += chunk
        if len(head) >= count:
            break
    return head[:count]


def _text(head: bytes) -> str | None:
    """None where it is no text, or not in UTF-8."""
    for cut in range(4):  # a character may be cut
        try:
            text = head[:_MOST_TEXT][: -cut or None].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


@dataclass(frozen=True, kw_only=True)
class Belonging:
    """The row a file belongs to, as people name it; `page` is "" where no single column tells rows apart."""

    name: str
    page: str = ""


def _row(archive: Archive, entry: FileEntry) -> Belonging:
    key = archive.table(entry.table).table.primary_key
    values = json.loads(entry.row) if key and entry.row.startswith("[") else [entry.row]
    name = f"{entry.table} {', '.join(map(str, values))}"
    if len(key) != 1:
        return Belonging(name=name)
    (value,) = values
    place = f"/archives/{archive.identity.archive_id}/tables/{quote(entry.table)}"
    return Belonging(name=name, page=f"{place}?column={quote(key[0])}&comparison=is&value={quote(str(value))}")


# ── the whole ───────────────────────────────────────────────────────────────────────────────────────────────
@router.get("/archives/{archive}/check", dependencies=[SLOW])
def check(asked: Looking, archive: str, request: Request, key: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Every byte against its hash, every row count and digest, the listing and the signatures."""
    record, wrong, result = found(asked, archive), None, None
    try:
        result = asked.service.check_archive(record.location, key=key.strip() or None)
        asked.note("check archive", archive)
    except Misuse as error:
        wrong = error
    return page(
        request,
        "check.html.j2",
        asked=asked,
        status=422 if wrong else 200,
        archive=record,
        tenant=asked.served.tenants.find(asked.tenant),
        result=result,
        key=key,
        wrong=wrong,
    )


@router.post("/archives/{archive}/restores")
def restore(asked: Running, archive: str, request: Request) -> Response:
    """A restore, which a worker performs."""
    form = form_of(request)
    given = Restore.model_validate({"platform": f"${{{form.get('platform', '')}}}", "form": form.get("form", "")})
    return RedirectResponse(f"/runs/{bring_back(asked, archive, given).run_id}", status_code=303)


@router.post("/archives/{archive}/copies", dependencies=[SLOW])
def copy(asked: Running, archive: str, request: Request) -> Response:
    """A copy in another store, checked whole."""
    store = f"${{{form_of(request).get('platform', '')}}}"
    copied = asked.service.copy_archive(found(asked, archive).location, store)
    asked.note("copy archive", archive, store=store)
    tenant = asked.served.tenants.find(asked.tenant)
    return page(request, "copied.html.j2", asked=asked, archive=found(asked, archive), tenant=tenant, copied=copied)
