"""/v1/approvals: what waits for another pair of eyes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Anybody, Asked, of_approval
from api.paging import After, Limit, page
from api.problems import unknown
from migrator.access.approvals import Approval
from migrator.access.roles import Permission

router = APIRouter(prefix="/approvals", tags=["approvals"])


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    grant: bool
    words: str = Field(default="", max_length=2000, description="Why.")


@router.get("")
def every(asked: Anybody, waiting: bool = False, after: After = None, limit: Limit = 100) -> dict[str, Any]:
    """What was asked for of your tenants, oldest first; only what still waits, where asked."""
    visible = [
        one for one in asked.served.approvals.all(only_open=waiting) if asked.who.may(Permission.LOOK, one.tenant)
    ]
    return page(visible, lambda one: f"{one.asked_at} {one.approval_id}", shown, after=after, limit=limit)


@router.get("/{approval}")
def one(asked: Annotated[Asked, of_approval(Permission.LOOK)], approval: str) -> dict[str, Any]:
    return shown(_found(asked, approval))


@router.post("/{approval}/decision")
def decide(asked: Annotated[Asked, of_approval(Permission.APPROVE)], approval: str, given: Decision) -> dict[str, Any]:
    """Agree, and it begins as it was asked for; or refuse."""
    served, found = asked.served, _found(asked, approval)
    begin = served.approved(found) if given.grant else None  # what could not begin is not agreed to
    decided = served.approvals.decide(asked.who, found, grant=given.grant, words=given.words)
    asked.note("approve" if given.grant else "refuse", approval, what=found.what, words=given.words)
    if begin is not None and (run := begin()) is not None:
        decided = served.approvals.started(decided, run.run_id)
    return shown(decided)


def shown(approval: Approval) -> dict[str, Any]:
    return {name: value for name, value in asdict(approval).items() if name not in ("asked_by", "decided_by")}


def _found(asked: Asked, approval_id: str) -> Approval:
    found = asked.served.approvals.find(approval_id)
    if found is None:
        raise unknown("approval", approval_id)
    return found
