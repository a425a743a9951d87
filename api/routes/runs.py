"""/v1/runs: what ran, how far it is, and what it found."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response

from api.asked import Anybody, Asked, of_run
from api.paging import Name, Page, Paged
from api.shapes import streamed
from api.slow import SLOW
from migrator.access.roles import Permission
from migrator.runs.records import RunRecord

router = APIRouter(prefix="/runs", tags=["runs"])
Looking = Annotated[Asked, of_run(Permission.LOOK)]
Running = Annotated[Asked, of_run(Permission.RUN)]
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


@router.get("/{run}/report.{format}", response_class=Response, responses=streamed("*/*", "The report."))
def report(asked: Looking, run: str, format: str) -> Response:
    """What it found, as json, html or xlsx."""
    content = asked.served.service.report(run, format)
    asked.note("read report", run, format=format)
    name = f'attachment; filename="{run}.{format}"'
    headers = {"Content-Security-Policy": _OF_REPORT} if format == "html" else {"Content-Disposition": name}
    return Response(content, media_type=_TYPES.get(format), headers=headers)


@router.post("/{run}/cancel", dependencies=[SLOW])
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
