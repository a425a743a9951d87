"""/v1/approvals: what waits for another pair of eyes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Anybody, Asked, of_approval
from api.paging import Name, Page, Paged
from api.problems import unknown
from migrator.access.approvals import Approval
from migrator.access.roles import Permission

router = APIRouter(prefix="/approvals", tags=["approvals"])


class ShownApproval(BaseModel):
    """`is_granted` is null until somebody decided. What they agreed to began at `begun_at`, as `run_id` where it is a
    run; `failure` says why it did not: then it can be tried again."""

    approval_id: str
    tenant: str
    what: str = Field(examples=["migrate", "roll back", "erase", "retain", "prune"])
    plan: str
    seal: str | None
    request: dict[str, Any]
    reason: str
    asked_by_name: str
    asked_at: str
    is_granted: bool | None
    decided_by_name: str | None
    decided_at: str | None
    words: str | None
    tried_at: str | None
    begun_at: str | None
    failure: dict[str, Any] | None
    run_id: str | None


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    grant: bool
    words: str = Field(default="", max_length=2000, description="Why.", examples=["tonight, as agreed"])


@router.get("", response_model=Page[ShownApproval])
def every(asked: Anybody, paged: Paged, waiting: bool = False, tenant: Name = None) -> dict[str, Any]:
    """What was asked for of your tenants, oldest first; only what still waits, where asked."""
    found = asked.served.approvals.all(only_open=waiting, portion=paged.portion(asked.reach(tenant)))
    return paged.page(found, lambda one: (one.asked_at, one.approval_id), shown)


@router.get("/{approval}", response_model=ShownApproval)
def one(asked: Annotated[Asked, of_approval(Permission.LOOK)], approval: str) -> dict[str, Any]:
    return shown(_found(asked, approval))


@router.post("/{approval}/decision", response_model=ShownApproval)
def decide(asked: Annotated[Asked, of_approval(Permission.APPROVE)], approval: str, given: Decision) -> dict[str, Any]:
    """Agree, and it begins as it was asked for; or refuse."""
    served, found = asked.served, _found(asked, approval)
    begin = served.approved(found) if given.grant else None  # what could not begin is not agreed to
    with asked.together():
        decided = served.approvals.decide(asked.who, found, grant=given.grant, words=given.words)
        asked.note("approve" if given.grant else "refuse", approval, what=found.what, words=given.words)
    return shown(served.begin(decided, begin) if begin is not None else decided)


@router.post("/{approval}/trial", response_model=ShownApproval)
def try_again(asked: Annotated[Asked, of_approval(Permission.APPROVE)], approval: str) -> dict[str, Any]:
    """What was agreed to and could not begin: begin it now, as it was asked for."""
    served, found = asked.served, _found(asked, approval)
    with asked.together():
        tried = served.approvals.try_again(asked.who, found)
        asked.note("try again", approval, what=found.what)
    return shown(served.begin(tried, lambda: served.approved(tried)()))


def shown(approval: Approval) -> dict[str, Any]:
    return {name: value for name, value in asdict(approval).items() if name not in ("asked_by", "decided_by")}


def _found(asked: Asked, approval_id: str) -> Approval:
    found = asked.served.approvals.find(approval_id)
    if found is None:
        raise unknown("approval", approval_id)
    return found
