"""Requests that start work: what they begin, the note of it and the answer stand, or nothing of it does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Header
from fastapi.responses import JSONResponse, Response

from api.asked import Asked
from migrator.access.approvals import Approval
from migrator.access.once import AlreadyAnswered, Answered, Key
from migrator.runs.queued import Queued
from migrator.runs.records import RunRecord
from migrator.service import Service

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        description="Sent again with the same key, the request is not done again: the first answer is given once more.",
    ),
]
Told = Mapping[str, Any]


def once(
    asked: Asked, key: str | None, request: dict[str, Any], do: Callable[[Asked], RunRecord | Approval]
) -> Response:
    """202 with what `do` begins, or with what it began when it was asked first with this key.

    Who asks again while the first request is under way has both begin the same: the slower one is taken back whole.
    """
    if key is None:
        return _answer(_told(do(asked)))
    told = json.dumps({"tenant": asked.tenant, **request}, sort_keys=True, default=str)
    this = Key(principal=asked.who.id, key=key, digest=hashlib.sha256(told.encode()).hexdigest())
    if (known := asked.served.once.find(this)) is None:
        try:
            return _answer(_told(do(replace(asked, key=this))))
        except AlreadyAnswered:
            known = asked.served.once.find(this)
            assert known is not None
    return _answer(json.loads(known.body), status=known.status)


def started(
    asked: Asked, service: Service, begin: Callable[[Service], object], action: str, **detail: str
) -> RunRecord:
    """The run that an operation of the service became; the audit has it as that action."""

    def noted(record: RunRecord) -> None:
        asked.note(action, record.run_id, **detail)
        _keep_answer(asked, record)

    try:
        begin(replace(service, noted=noted))
    except Queued as queued:
        return queued.record
    raise AssertionError("a server leaves what takes long to workers")


def asked_for(
    asked: Asked,
    what: str,
    action: str,
    *,
    request: Mapping[str, Any],
    reason: str,
    plan: str,
    seal: str | None = None,
    **detail: str,
) -> Approval:
    """What somebody else decides; the audit has it as that action."""
    with asked.together():
        approval = asked.served.approvals.ask(
            asked.who, what, tenant=asked.tenant, plan=plan, request=request, reason=reason, seal=seal
        )
        asked.note(action, approval.approval_id, **detail, **({"plan": plan} if plan else {}))
        _keep_answer(asked, approval)
    return approval


def _keep_answer(asked: Asked, begun: RunRecord | Approval) -> None:
    if asked.key is not None:
        asked.served.once.keep(asked.key, Answered(status=202, body=json.dumps(_told(begun))))


def _told(begun: RunRecord | Approval) -> Told:
    if isinstance(begun, Approval):
        return {"approval": begun.approval_id, "what": begun.what, "state": "waits for approval"}
    return {"run": begun.run_id, "kind": begun.kind, "number": begun.number, "state": begun.state}


def _answer(told: Told, *, status: int = 202) -> JSONResponse:
    """What is under way, a run or an approval, and where to look."""
    where = f"runs/{told['run']}" if "run" in told else f"approvals/{told['approval']}"
    return JSONResponse(told, status_code=status, headers={"Location": f"/v1/{where}"})
