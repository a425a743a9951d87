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
    digest = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    known = asked.served.once.begin(asked.who.id, key, digest)
    if known is not None:
        return Response(known.body, status_code=known.status, media_type="application/json")
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
    """202, and where to look."""
    body = {"run": record.run_id, "kind": record.kind, "number": record.number, "state": record.state}
    return JSONResponse(body, status_code=202, headers={"Location": f"/v1/runs/{record.run_id}"})
