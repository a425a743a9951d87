"""The application of this process's environment, as `migrator serve` starts it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from fastapi import FastAPI

from api.app import create_app
from migrator.service.served import Served
from migrator.tracing import tracing
from migrator.wiring import served
from storage.errors import MigratorError

_LOG = logging.getLogger("migrator.api")
_NOTED_EVERY_S = 30


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
            noting = asyncio.create_task(_noting(offered))
            try:
                yield
            finally:
                noting.cancel()

    return create_app(offered, is_secure=is_secure, lifespan=lifespan, tracing=traced)


async def _noting(offered: Served) -> None:
    """Who was seen is written down meanwhile."""
    while True:
        await asyncio.sleep(_NOTED_EVERY_S)
        for sightings in (offered.sessions.sightings, offered.tokens.sightings):
            try:
                await asyncio.to_thread(sightings.note)
            except MigratorError as error:  # the catalog is away: they come again, or are gone
                _LOG.warning("who came is not noted: %s", error.what)
