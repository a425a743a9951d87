"""/tenants/{tenant}/plans/{plan}/doctor, …/gate: what stands in the way, before anything starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.asked import Asked, of_tenant
from api.pages.frame import page
from api.paging import Name
from api.routes.operations import opened
from api.routes.readiness import standing
from api.slow import SLOW
from migrator.access.roles import Permission
from migrator.engine.doctor import Estimates
from migrator.runs.gate import Gate
from storage.errors import MigratorError
from storage.quantity import said_duration

router = APIRouter(include_in_schema=False)
Running = Annotated[Asked, of_tenant(Permission.RUN)]


@router.get("/tenants/{tenant}/plans/{plan}/doctor", dependencies=[SLOW])
def doctor(asked: Running, plan: str, request: Request) -> Response:
    """Everything the plan names, looked at; and what the migration will probably take."""
    service, read = opened(asked, plan)
    found = service.doctor(read)
    verdicts = [finding.verdict for part in found.parts for finding in part.findings]
    return page(
        request,
        "doctor.html.j2",
        asked=asked,
        tenant=asked.served.tenants.find(asked.tenant),
        name=plan,
        found=found,
        reds=verdicts.count("red"),
        warnings=verdicts.count("warning"),
        amounts=list(_amounts(found.estimates)),
        grants=[
            (place, text) for place, text in (("source", found.source_grants), ("target", found.target_grants)) if text
        ],
    )


def _amounts(estimates: Estimates) -> Iterator[tuple[str, str]]:
    steps = (
        ("snapshot", estimates.snapshot_seconds),
        ("load", estimates.load_seconds),
        ("locks", estimates.lock_seconds),
    )
    for name, seconds in steps:
        if seconds is not None:
            yield name, said_duration(seconds) if seconds >= 60 else f"{max(round(seconds), 1)} s"


@router.get("/tenants/{tenant}/plans/{plan}/gate", dependencies=[SLOW])
def gate(asked: Running, plan: str, request: Request, archive: Name = None) -> Response:
    """Whether a migration would be let through now, in plain words; where htmx asks, these words alone."""
    found: Gate | None = None
    record, error = None, None
    try:
        record, found = standing(asked, plan, archive)
    except MigratorError as why:
        error = why
    return page(
        request,
        "gate.html.j2" if "hx-request" in request.headers else "gate_page.html.j2",
        asked=asked,
        tenant=asked.served.tenants.find(asked.tenant),
        name=plan,
        archive=record,
        gate=found,
        error=error,
    )
