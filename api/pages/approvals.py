"""/approvals: what waits for another pair of eyes, what will happen when they agree, and what became of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.asked import Anybody, Asked, of_approval
from api.pages.frame import form_of, page, read_form
from api.problems import unknown
from api.routes import approvals, evidence
from migrator.access.approvals import Approval
from migrator.access.roles import Permission
from migrator.runs.portion import Portion

router = APIRouter(prefix="/approvals", include_in_schema=False, dependencies=[Depends(read_form)])
Looking = Annotated[Asked, of_approval(Permission.LOOK)]
Approving = Annotated[Asked, of_approval(Permission.APPROVE)]
_LAST = 100
_SAID_OTHERWISE = ("text", "plan", "archive", "run", "reason", "waive", "goes", "seal")


@router.get("")
def every(asked: Anybody, request: Request) -> Response:
    reach = asked.reach(None)
    newest = asked.served.approvals.all(portion=Portion(tenants=reach, most=_LAST, is_backwards=True))
    return page(
        request,
        "approvals.html.j2",
        asked=asked,
        waiting=asked.served.approvals.all(only_open=True, portion=Portion(tenants=reach, most=_LAST)),
        stuck=asked.served.approvals.stuck(portion=Portion(tenants=reach, most=_LAST)),
        decided=[one for one in newest if one.is_granted is not None and not one.is_stuck],
    )


@router.get("/{approval}")
def one(asked: Looking, approval: str, request: Request) -> Response:
    found = _found(asked, approval)
    told = found.request.items()
    return page(
        request,
        "approval.html.j2",
        asked=asked,
        approval=found,
        more={name: value for name, value in told if name not in _SAID_OTHERWISE and value not in (None, "", False)},
        ahead=evidence.ahead(asked, found),
        may_decide=asked.who.may(Permission.APPROVE, found.tenant) and asked.who.person != found.asked_by,
    )


@router.post("/{approval}")
def decide(asked: Approving, approval: str, request: Request) -> Response:
    form = form_of(request)
    given = approvals.Decision(grant=form.get("decision") == "grant", words=form.get("words", "")[:2000])
    approvals.decide(asked, approval, given)
    return _back(approval)


@router.post("/{approval}/trial")
def try_again(asked: Approving, approval: str) -> Response:
    approvals.try_again(asked, approval)
    return _back(approval)


def _found(asked: Asked, approval_id: str) -> Approval:
    found = asked.served.approvals.find(approval_id)
    if found is None:
        raise unknown("approval", approval_id)
    return found


def _back(approval: str) -> Response:
    return RedirectResponse(f"/approvals/{approval}", status_code=303)
