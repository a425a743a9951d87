"""/metrics: for Prometheus, with a token. Its numbers name tenants, so who reads them sees all of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.asked import Asked, everywhere
from api.metrics import Metrics
from migrator.access.roles import Permission

router = APIRouter(tags=["health"])


@router.get("/metrics")
def metrics(_asked: Annotated[Asked, everywhere(Permission.LOOK)], request: Request) -> Response:
    """How it stands, in Prometheus' text format."""
    told: Metrics = request.app.state.metrics
    return Response(told.text(), media_type=CONTENT_TYPE_LATEST)
