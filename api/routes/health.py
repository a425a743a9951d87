"""/health: what asks before it sends anybody here. Nothing of it is about anybody's data, so nobody need be known."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from migrator.service.served import Served
from storage.errors import MigratorError

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
def live() -> dict[str, str]:
    """The process answers; where it does not, start it anew."""
    return {"status": "live"}


@router.get("/ready")
def ready(request: Request) -> JSONResponse:
    """The catalog answers and is of this program's version; where it is not, send nobody here (503)."""
    served: Served = request.app.state.served
    try:
        served.figures.require_catalog()
    except MigratorError as error:  # its words name a machine: they are for the log
        return JSONResponse({"status": "not ready", "because": type(error).__name__.lower()}, status_code=503)
    return JSONResponse({"status": "ready"})
