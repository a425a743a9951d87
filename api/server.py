"""The application of this process's environment, as `migrator serve` starts it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from fastapi import FastAPI

from api.app import create_app
from migrator.tracing import tracing
from migrator.wiring import served


def application() -> FastAPI:
    """What uvicorn serves; what it opens is closed when it ends."""
    stack = ExitStack()
    offered = stack.enter_context(served())
    traced = tracing(offered.service.settings, "server")
    if traced is not None:
        stack.callback(traced.close)
    is_secure = offered.service.settings.public_url.startswith("https://")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with stack, offered.herald.at_work():
            yield

    return create_app(offered, is_secure=is_secure, lifespan=lifespan, tracing=traced)
