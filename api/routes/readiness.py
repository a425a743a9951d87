"""/v1/tenants/{tenant}/plans/{plan}/gate: whether a migration would be let through now, and why not."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from api.asked import Asked, of_tenant
from api.paging import Name
from api.problems import unknown
from api.routes.operations import opened
from api.slow import SLOW
from migrator.access.roles import Permission
from migrator.runs.gate import Gate, Why
from migrator.runs.records import ArchiveRecord

router = APIRouter(tags=["operations"])
Running = Annotated[Asked, of_tenant(Permission.RUN)]


class GateShown(BaseModel):
    """Open where `why` is null; else `missing` says it in words, and `changed` what of the seal is another one."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "archive": "acme-20261122T190000Z-3f2a91c0",
                "is_open": False,
                "why": "changed",
                "missing": "the mapping changed since rehearsal 4, the last one",
                "changed": ["mapping"],
                "rehearsal": "20261122T180000Z-rehearsal-4f1c22d0",
            }
        }
    )

    archive: str
    is_open: bool
    why: Why | None
    missing: str
    changed: tuple[str, ...]
    rehearsal: str | None


@router.get("/tenants/{tenant}/plans/{plan}/gate", response_model=GateShown, dependencies=[SLOW])
def gate(asked: Running, plan: str, archive: Name = None) -> dict[str, Any]:
    """What a migration of that archive, else of the newest, would meet if it were asked for now."""
    record, found = standing(asked, plan, archive)
    return {
        "archive": record.archive_id if record else "",
        "is_open": found.why is None,
        **{name: getattr(found, name) for name in ("why", "missing", "changed")},
        "rehearsal": found.rehearsal.run_id if found.rehearsal else None,
    }


def standing(asked: Asked, plan: str, archive: str | None) -> tuple[ArchiveRecord | None, Gate]:
    """The archive, where the catalog knows it, and the gate before it."""
    service, read = opened(asked, plan)
    if archive is not None:
        record = asked.served.service.find_archive(archive)
        if record is None or record.tenant != asked.tenant:
            raise unknown("archive", archive)
        return record, service.gate(read, record.location)
    location = service.archive_of(read, None).location
    known = {one.location: one for one in asked.served.service.archives(asked.tenant)}
    return known.get(location), service.gate(read, location)
