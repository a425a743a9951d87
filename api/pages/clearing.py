"""/tenants/{tenant}/pruning, …/plans/{plan}/retention, …/sweeps: what nothing needs any more, and what goes of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.asked import Asked, of_tenant
from api.pages.frame import form_of, page, read_form
from api.routes import keeping
from api.routes.keeping import Days, Keep
from api.routes.operations import opened
from api.slow import SLOW
from migrator.access.approvals import Approval
from migrator.access.roles import Permission
from migrator.runs.pruning import Policy, Pruning
from migrator.service.retention import Retained

router = APIRouter(include_in_schema=False, dependencies=[Depends(read_form)])
Looking = Annotated[Asked, of_tenant(Permission.LOOK)]
Running = Annotated[Asked, of_tenant(Permission.RUN)]
Asking = Annotated[Asked, of_tenant(Permission.ASK)]


@router.get("/tenants/{tenant}/pruning", dependencies=[SLOW])
def would_be_forgotten(asked: Looking, request: Request, keep: Keep = 10, days: Days = 90) -> Response:
    """Which old runs of the tenant nothing needs, and why the others stay."""
    found = asked.service.prune(Policy(keep=keep, days=days), apply=False, tenant=asked.tenant)
    return _shown(asked, request, runs=found, keep=keep, days=days)


@router.post("/tenants/{tenant}/pruning", dependencies=[SLOW])
def prune(asked: Asking, request: Request) -> Response:
    form = form_of(request)
    given = keeping.Pruning.model_validate({name: form.get(name, "") for name in ("reason", "keep", "days")})
    return _to_approval(keeping.ask_to_prune(asked, given))


@router.get("/tenants/{tenant}/plans/{plan}/retention", dependencies=[SLOW])
def would_be_removed(asked: Looking, plan: str, request: Request) -> Response:
    """Which archives and runs of the plan would go by its own retention, and why the others stay."""
    service, read = opened(asked, plan)
    found = service.retain(read, apply=False)
    return _shown(asked, request, runs=found.runs, retained=found, plan=plan)


@router.post("/tenants/{tenant}/plans/{plan}/retention", dependencies=[SLOW])
def retain(asked: Asking, plan: str, request: Request) -> Response:
    given = keeping.Retention.model_validate({"reason": form_of(request).get("reason", "")})
    return _to_approval(keeping.ask_to_retain(asked, plan, given))


@router.post("/tenants/{tenant}/plans/{plan}/sweeps", dependencies=[SLOW])
def sweep(asked: Running, plan: str, request: Request) -> Response:
    """What killed runs left goes at once: none of it was ever anything."""
    given = keeping.Sweep.model_validate({"quiet_hours": form_of(request).get("quiet_hours", "24")})
    return page(
        request,
        "swept.html.j2",
        asked=asked,
        tenant=asked.served.tenants.find(asked.tenant),
        plan=plan,
        swept=keeping.sweep_now(asked, plan, given),
    )


def _shown(
    asked: Asked,
    request: Request,
    *,
    runs: Pruning | None,
    retained: Retained | None = None,
    plan: str = "",
    keep: int = 0,
    days: int = 0,
) -> Response:
    return page(
        request,
        "clearing.html.j2",
        asked=asked,
        tenant=asked.served.tenants.find(asked.tenant),
        plan=plan,
        runs=runs,
        archives=retained.archives if retained else None,
        keep=keep,
        days=days,
        may_ask=asked.who.may(Permission.ASK, asked.tenant),
    )


def _to_approval(approval: Approval) -> Response:
    return RedirectResponse(f"/approvals/{approval.approval_id}", status_code=303)
