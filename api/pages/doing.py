"""The forms: what is done with a plan, with a run, and with what waits for approval. Each leads to where it is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.asked import Anybody, Asked, of_approval, of_run, of_tenant
from api.pages.frame import form_of, page, read_form
from api.problems import unknown
from api.routes import approvals, operations
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


@router.post("/runs/{run}/cancel")
def cancel(asked: RunningRun, run: str) -> Response:
    asked.service.cancel(run)
    asked.note("cancel", run)
    return RedirectResponse(f"/runs/{run}", status_code=303)


@router.post("/runs/{run}/resume")
def resume(asked: RunningRun, run: str) -> Response:
    asked.service.requeue(run)
    asked.note("resume", run)
    return RedirectResponse(f"/runs/{run}", status_code=303)


# ── what waits for approval ─────────────────────────────────────────────────────────────────────────────────
@router.get("/approvals")
def every(asked: Anybody, request: Request) -> Response:
    visible = [one for one in asked.served.approvals.all() if asked.who.may(Permission.LOOK, one.tenant)]
    return page(
        request,
        "approvals.html.j2",
        asked=asked,
        waiting=[one for one in visible if one.is_granted is None],
        decided=[one for one in reversed(visible) if one.is_granted is not None][:50],
    )


@router.get("/approvals/{approval}")
def one(asked: Annotated[Asked, of_approval(Permission.LOOK)], approval: str, request: Request) -> Response:
    found = _found(asked, approval)
    may_decide = asked.who.may(Permission.APPROVE, found.tenant) and asked.who.id != found.asked_by
    shown = {name: value for name, value in asdict(found)["request"].items() if name != "text"}
    return page(request, "approval.html.j2", asked=asked, approval=found, request_=shown, may_decide=may_decide)


@router.post("/approvals/{approval}")
def decide(asked: Annotated[Asked, of_approval(Permission.APPROVE)], approval: str, request: Request) -> Response:
    form = form_of(request)
    given = approvals.Decision(grant=form.get("decision") == "grant", words=form.get("words", "")[:2000])
    approvals.decide(asked, approval, given)
    return RedirectResponse(f"/approvals/{approval}", status_code=303)


def _found(asked: Asked, approval_id: str) -> Approval:
    found = asked.served.approvals.find(approval_id)
    if found is None:
        raise unknown("approval", approval_id)
    return found


def _to_run(begin: Callable[[], RunRecord]) -> Response:
    return RedirectResponse(f"/runs/{begin().run_id}", status_code=303)


def _to_approval(approval: Approval) -> Response:
    return RedirectResponse(f"/approvals/{approval.approval_id}", status_code=303)
