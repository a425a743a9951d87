"""/v1/audit: who did what."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import PlainTextResponse, StreamingResponse

from api.asked import Asked, everywhere, of_tenant
from api.paging import Page
from migrator.access.audit import Entry
from migrator.access.exported import check_script, exported
from migrator.access.roles import Permission
from migrator.access.sought import Sought
from storage.seal import SigningKeys

router = APIRouter(tags=["audit"])
After = Annotated[int, Query(ge=0, le=(1 << 63) - 1, description="The number of the last entry that was read.")]
Limit = Annotated[int, Query(ge=1, le=1000)]
Begins = Annotated[str, Query(max_length=254, description="How it begins, without case.")]
Moment = Annotated[datetime | None, Query(description="Without a zone: UTC.", examples=["2026-11-22T19:00:00Z"])]
OfAll = Annotated[Asked, everywhere(Permission.AUDIT)]
OfTenant = Annotated[Asked, of_tenant(Permission.AUDIT)]


def _looked(
    who: Begins = "", action: Begins = "", object: Begins = "", since: Moment = None, until: Moment = None
) -> Sought:
    return Sought(who=who, action=action, object=object, since=_utc(since), until=_utc(until))


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


Looked = Annotated[Sought, Depends(_looked)]


@router.get("/audit", response_model=Page[Entry])
def every(asked: OfAll, sought: Looked, after: After = 0, limit: Limit = 100) -> dict[str, Any]:
    """Who did what, oldest first; only what is looked for, where asked."""
    return _page(asked, sought, after, limit)


@router.get("/tenants/{tenant}/audit", response_model=Page[Entry])
def of_one(asked: OfTenant, sought: Looked, after: After = 0, limit: Limit = 100) -> dict[str, Any]:
    """What was done with this tenant's data."""
    return _page(asked, replace(sought, tenants=frozenset({asked.tenant})), after, limit)


@router.get("/audit/export", response_class=PlainTextResponse)
def export(asked: OfAll) -> StreamingResponse:
    """All of it, a line an entry: its hash, a blank, the entry; each hash is over the one before and the entry.

    The last one is signed, and `check-audit.sh` checks it.
    """
    asked.note("export", "audit")
    keys = SigningKeys.load_or_create(asked.served.service.settings.keys)
    lines = exported(asked.served.audit, keys)
    headers = {"Content-Disposition": 'attachment; filename="audit.txt"'}
    return StreamingResponse(lines, media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/audit/check-audit.sh", response_class=PlainTextResponse)
def check(asked: OfAll) -> PlainTextResponse:
    """What checks an export with a shell, coreutils and openssl."""
    headers = {"Content-Disposition": 'attachment; filename="check-audit.sh"'}
    return PlainTextResponse(check_script(), media_type="text/x-shellscript; charset=utf-8", headers=headers)


def _page(asked: Asked, sought: Sought, after: int, limit: int) -> dict[str, Any]:
    entries = asked.served.audit.found(sought, after=after, limit=limit)
    return {
        "items": [asdict(one) for one in entries],
        "next": str(entries[-1].number) if len(entries) == limit else None,
    }
