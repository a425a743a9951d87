"""Whoever follows runs is woken by one look at the catalog for all: two hundred who watch ask no more than one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from migrator.service.watching import Look
from storage.errors import MigratorError

LOOK_S = 0.5


@dataclass(kw_only=True)
class Watch:
    """Looks as long as somebody follows. `look` is asked for what changed after a number, or for the beginning."""

    look: Callable[[int | None], Look]
    _followers: set[asyncio.Queue[Look]] = field(default_factory=set)
    _looking: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def following(self) -> AsyncIterator[asyncio.Queue[Look]]:
        """Every look from now on; the first says what there is. Fault where the catalog cannot be asked."""
        looks: asyncio.Queue[Look] = asyncio.Queue()
        first = await asyncio.to_thread(self.look, None)
        looks.put_nowait(first)
        self._followers.add(looks)
        if self._looking is None:
            self._looking = asyncio.create_task(self._go_on(first.number))
        try:
            yield looks
        finally:
            self._followers.discard(looks)
            if not self._followers and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def _go_on(self, number: int) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            with suppress(MigratorError):  # a catalog that is away comes back, and who follows waits for it
                seen = await asyncio.to_thread(self.look, number)
                number = seen.number
                for follower in self._followers:
                    follower.put_nowait(seen)
