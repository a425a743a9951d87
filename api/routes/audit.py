"""/v1/audit: who did what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from api.asked import Asked, everywhere, of_tenant
from migrator.access.audit import Audit
from migrator.access.roles import EVERYWHERE, Permission

router = APIRouter(tags=["audit"])
After = Annotated[int, Query(ge=0, description="The number of the last entry that was read.")]
Limit = Annotated[int, Query(ge=1, le=1000)]
OfAll = Annotated[Asked, everywhere(Permission.AUDIT)]
OfTenant = Annotated[Asked, of_tenant(Permission.AUDIT)]


@router.get("/audit")
def every(asked: OfAll, after: After = 0, limit: Limit = 100) -> dict[str, Any]:
    return _page(asked, after, limit)


@router.get("/tenants/{tenant}/audit")
def of_one(asked: OfTenant, after: After = 0, limit: Limit = 100) -> dict[str, Any]:
    """What was done with this tenant's data."""
    return _page(asked, after, limit)


@router.get("/audit/export")
def export(asked: OfAll) -> StreamingResponse:
    """All of it, a line an entry: its hash, a blank, the entry. The hash is of the hash before and this line."""
    asked.note("export", "audit")
    return StreamingResponse(_lines(asked.served.audit), media_type="text/plain; charset=utf-8")


def _lines(audit: Audit) -> Iterator[str]:
    for line, kept in audit.lines():
        yield f"{kept} {line}\n"


def _page(asked: Asked, after: int, limit: int) -> dict[str, Any]:
    tenant = None if asked.tenant == EVERYWHERE else asked.tenant
    entries = asked.served.audit.entries(tenant=tenant, after=after, limit=limit)
    return {
        "items": [asdict(one) for one in entries],
        "next": str(entries[-1].number) if len(entries) == limit else None,
    }
