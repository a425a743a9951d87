"""/v1/runs: what ran, how far it is, and what it found."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response, StreamingResponse

from api.asked import Anybody, Asked, of_run
from api.paging import Name, Page, Paged
from migrator.access.roles import Permission
from migrator.runs.records import RunRecord

router = APIRouter(prefix="/runs", tags=["runs"])
Looking = Annotated[Asked, of_run(Permission.LOOK)]
Running = Annotated[Asked, of_run(Permission.RUN)]
_LOOK_S = 0.5
_ALIVE_S = 15.0
_ENDED = ("parked", "done", "failed", "cancelled")
_OF_REPORT = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"  # one file, with its own style
_TYPES = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("", response_model=Page[RunRecord])
def every(asked: Anybody, paged: Paged, tenant: Name = None, plan: Name = None, kind: Name = None) -> dict[str, Any]:
    """The runs of your tenants, oldest first."""
    portion = paged.portion(asked.reach(tenant))
    found = asked.served.service.runs(plan=plan, kind=kind, portion=portion)
    return paged.page(found, lambda run: (run.started_at, run.run_id))


@router.get("/{run}")
def one(asked: Looking, run: str) -> RunRecord:
    """A run: how far it is, or what became of it."""
    return asked.served.service.run(run)


@router.get("/{run}/answer")
def answer(asked: Running, run: str) -> dict[str, Any]:
    """What it came to beside its report: `found`, or the `error` that ended it with whose move it is. It may name rows
    of others that a snapshot's proof met, and is for those who run it."""
    asked.note("read answer", run)
    return asked.served.service.answer(run)


@router.get("/{run}/report.{format}")
def report(asked: Looking, run: str, format: str) -> Response:
    """What it found, as json, html or xlsx."""
    content = asked.served.service.report(run, format)
    asked.note("read report", run, format=format)
    name = f'attachment; filename="{run}.{format}"'
    headers = {"Content-Security-Policy": _OF_REPORT} if format == "html" else {"Content-Disposition": name}
    return Response(content, media_type=_TYPES.get(format), headers=headers)


@router.post("/{run}/cancel")
def cancel(asked: Running, run: str) -> RunRecord:
    """Give it up for good: it is stopped, and what it left is erased."""
    record = asked.service.cancel(run)
    asked.note("cancel", run)
    return record


@router.post("/{run}/resume", status_code=202)
def resume(asked: Running, run: str) -> RunRecord:
    """Have a worker go on with a run that was parked, failed or killed."""
    record = asked.service.requeue(run)
    asked.note("resume", run)
    return record


@router.get("/{run}/events")
async def events(
    asked: Looking,
    run: str,
    request: Request,
    last: Annotated[str | None, Header(alias="Last-Event-ID", max_length=100)] = None,
) -> StreamingResponse:
    """The run each time it changed, as server-sent events, until it ended."""
    return StreamingResponse(
        _events(asked, run, request, last),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(asked: Asked, run: str, request: Request, last: str | None) -> AsyncIterator[str]:
    """Every event holds the whole of it, so whoever comes back needs the newest only, and not if they have that."""
    silent_s = 0.0
    while not await request.is_disconnected():
        record = await asyncio.to_thread(asked.served.service.run, run)
        if (told := _event_id(record)) != last:
            yield f"id: {told}\nevent: run\ndata: {json.dumps(asdict(record))}\n\n"
            last, silent_s = told, 0.0
        if record.state in _ENDED:
            yield f"id: {told}\nevent: end\ndata: {json.dumps(record.state)}\n\n"
            return
        await asyncio.sleep(_LOOK_S)
        silent_s += _LOOK_S
        if silent_s >= _ALIVE_S:  # proxies end what is silent for long
            yield ": still here\n\n"
            silent_s = 0.0


def _event_id(record: RunRecord) -> str:
    at = (record.progress or {}).get("at", "")
    return f"{record.attempt}.{record.state}.{record.verdict or '-'}.{at or '-'}"
