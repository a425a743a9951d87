"""/tenants/{tenant}/plans/{plan}/rehearsals: how the rehearsals of a plan went, one after the other."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.asked import Asked, of_tenant
from api.pages.frame import page
from migrator.access.roles import Permission
from migrator.outcomes import Forecast
from migrator.registry.documents import Kind
from migrator.reports.trend import WIDTH, stacked

router = APIRouter(include_in_schema=False)


@router.get("/tenants/{tenant}/plans/{plan}/rehearsals")
def rehearsals(asked: Annotated[Asked, of_tenant(Permission.LOOK)], plan: str, request: Request) -> Response:
    """Time for each step, verdicts, what differs from the one before; forecasts, and what they came to."""
    written = asked.served.documents.read(Kind.PLAN, asked.tenant, plan)
    found = asked.service.trend(asked.tenant, plan)
    return page(
        request,
        "rehearsals.html.j2",
        asked=asked,
        plan=written,
        tenant=asked.served.tenants.find(asked.tenant),
        trend=found,
        drawn=stacked([one.timings for one in found.rehearsals]),
        width=WIDTH,
        off=_off,
    )


def _off(forecast: Forecast) -> str:
    """How far it was off, as a share of it."""
    if forecast.took_seconds is None or not forecast.seconds:
        return "–"
    return f"{(forecast.took_seconds - forecast.seconds) / forecast.seconds:+.0%}".replace("-", "−").replace("%", " %")
