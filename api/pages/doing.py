"""The forms: what is done with a plan and with a run. Each leads to where it is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.asked import Asked, of_run, of_tenant
from api.pages.frame import form_of, read_form
from api.routes import operations
from api.slow import SLOW
from migrator.access.approvals import Approval
from migrator.access.roles import Permission
from migrator.runs.records import RunRecord
from migrator.service.served import ERASE, ROLL_BACK

router = APIRouter(include_in_schema=False, dependencies=[Depends(read_form)])
RunningPlan = Annotated[Asked, of_tenant(Permission.RUN)]
AskingPlan = Annotated[Asked, of_tenant(Permission.ASK)]
RunningRun = Annotated[Asked, of_run(Permission.RUN)]
AskingRun = Annotated[Asked, of_run(Permission.ASK)]


# ── of a plan ───────────────────────────────────────────────────────────────────────────────────────────────
@router.post("/tenants/{tenant}/plans/{plan}/snapshots")
def snapshot(asked: RunningPlan, plan: str, request: Request) -> Response:
    given = operations.Snapshot(prove_full="prove_full" in form_of(request))
    return _to_run(lambda: operations.take(asked, plan, given))


@router.post("/tenants/{tenant}/plans/{plan}/rehearsals")
def rehearse(asked: RunningPlan, plan: str, request: Request) -> Response:
    given = operations.Load(archive=form_of(request).get("archive") or None)
    return _to_run(lambda: operations.try_out(asked, plan, given))


@router.post("/tenants/{tenant}/plans/{plan}/migrations")
def migrate(asked: AskingPlan, plan: str, request: Request) -> Response:
    form = form_of(request)
    given = operations.Migration(
        archive=form.get("archive") or None, reason=form.get("reason", ""), waive=form.get("waive") or None
    )
    return _to_approval(operations.ask_to_migrate(asked, plan, given))


# ── of a run ────────────────────────────────────────────────────────────────────────────────────────────────
@router.post("/runs/{run}/verifications")
def verify(asked: RunningRun, run: str, request: Request) -> Response:
    given = operations.Verification(deep="deep" in form_of(request))
    return _to_run(lambda: operations.look_again(asked, run, given))


@router.post("/runs/{run}/rollbacks")
def rollback(asked: AskingRun, run: str, request: Request) -> Response:
    given = operations.Rollback(reason=form_of(request).get("reason", ""))
    return _to_approval(operations.ask_of_run(asked, run, ROLL_BACK, given))


@router.post("/runs/{run}/closings")
def close(asked: AskingRun, run: str, request: Request) -> Response:
    given = operations.Closing(reason=form_of(request).get("reason", ""))
    return _to_approval(operations.ask_of_run(asked, run, ERASE, given))


@router.post("/runs/{run}/cancel", dependencies=[SLOW])
def cancel(asked: RunningRun, run: str) -> Response:
    asked.service.cancel(run)
    asked.note("cancel", run)
    return RedirectResponse(f"/runs/{run}", status_code=303)


@router.post("/runs/{run}/resume")
def resume(asked: RunningRun, run: str) -> Response:
    asked.service.requeue(run)
    asked.note("resume", run)
    return RedirectResponse(f"/runs/{run}", status_code=303)


def _to_run(begin: Callable[[], RunRecord]) -> Response:
    return RedirectResponse(f"/runs/{begin().run_id}", status_code=303)


def _to_approval(approval: Approval) -> Response:
    return RedirectResponse(f"/approvals/{approval.approval_id}", status_code=303)
