"""Every request, counted, timed and logged: which way it came, who asked, about whom, and what became of it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from migrator.tracing import Tracing

_LOG = logging.getLogger("migrator.http")
_API = "/v1"  # where the routes of the API are included, which does not stand in them
_NOT_TOLD = "/health"  # asked every few seconds, by nobody who is anybody
_UNKNOWN = "(nothing there)"


@dataclass(frozen=True)
class Observed:
    """Around the whole application. A stream is observed when it ends."""

    app: ASGIApp
    metrics: Metrics
    tracing: Tracing | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.tracing is None or scope["path"].startswith(_NOT_TOLD):
            await self._answered(scope, receive, send)
            return
        with self.tracing.request(Headers(scope=scope)) as span:
            try:
                await self._answered(scope, receive, send)
            finally:
                name = {"http.request.method": scope["method"], "http.route": route_of(scope)}
                span.update_name(f"{scope['method']} {route_of(scope)}")
                span.set_attributes({**name, "migrator.request": scope.get("state", {}).get("id", "")})

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), 500  # what says nothing until its end has failed

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            self._tell(scope, status, time.perf_counter() - began)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        self.metrics.answered(scope["method"], route, status, seconds)
        if route.startswith(_NOT_TOLD):
            return
        state, path = scope.get("state", {}), scope.get("path_params", {})
        asked = state.get("asked")
        about = {
            "request": state.get("id"),
            "method": scope["method"],
            "route": route,
            "status": status,
            "ms": round(seconds * 1000),
            "who": asked.who.name if asked else None,
            "tenant": asked.tenant if asked and asked.tenant != "*" else None,
            "run": path.get("run"),
        }
        # the route and not the path: what stands in that may be a link that lets somebody in
        words = (scope["method"], route, status, about["ms"], about["who"] or "nobody")
        _LOG.info("%s %s %s in %s ms for %s", *words, extra={"about": about})


def route_of(scope: Scope) -> str:
    """The route as it is declared, so that no id makes a series of its own."""
    declared = getattr(scope.get("route"), "path", None)
    if declared is None:
        return _UNKNOWN
    is_below = scope["path"].startswith(_API) and not declared.startswith(_API)
    return f"{_API}{declared}" if is_below else str(declared)
