"""Requests that start work: done once however often they are sent, and answered with the run that does it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Header
from fastapi.responses import JSONResponse, Response

from api.asked import Asked
from migrator.access.once import Answered
from migrator.runs.queued import Queued
from migrator.runs.records import RunRecord

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        description="Sent again with the same key, the request is not done again: the first answer is given once more.",
    ),
]


def once(asked: Asked, key: str | None, request: dict[str, Any], do: Callable[[], JSONResponse]) -> Response:
    """The answer of `do`, or what it answered when it was asked first with this key."""
    if key is None:
        return do()
    told = json.dumps({"tenant": asked.tenant, **request}, sort_keys=True, default=str)
    known = asked.served.once.begin(asked.who.id, key, hashlib.sha256(told.encode()).hexdigest())
    if known is not None:
        return begun(json.loads(known.body), status=known.status)
    try:
        answer = do()
    except BaseException:
        asked.served.once.forget(asked.who.id, key)
        raise
    asked.served.once.end(asked.who.id, key, Answered(status=answer.status_code, body=bytes(answer.body).decode()))
    return answer


def started(begin: Callable[[], object]) -> RunRecord:
    """The run that an operation became."""
    try:
        begin()
    except Queued as queued:
        return queued.record
    raise AssertionError("a server leaves what takes long to workers")


def accepted(record: RunRecord) -> JSONResponse:
    return begun({"run": record.run_id, "kind": record.kind, "number": record.number, "state": record.state})


def begun(body: dict[str, Any], *, status: int = 202) -> JSONResponse:
    """What is under way, a run or an approval, and where to look."""
    where = f"runs/{body['run']}" if "run" in body else f"approvals/{body['approval']}"
    return JSONResponse(body, status_code=status, headers={"Location": f"/v1/{where}"})
