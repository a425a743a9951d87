"""Whoever follows runs is woken by one look at the catalog for all: two hundred who watch ask no more than one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from migrator.service.watching import Look
from storage.errors import MigratorError

LOOK_S = 0.5
MOST = 240  # looks that wait for somebody who does not read: two minutes
LEFT_BEHIND = Look(number=-1)
"""In place of all that waits for whoever reads too slowly: they come back, and are told what they missed."""

Looks = asyncio.Queue[Look]


@dataclass(kw_only=True)
class Watch:
    """Looks as long as somebody follows. `look` is asked for what changed after a number, or for the beginning."""

    look: Callable[[int | None], Look]
    _followers: set[Looks] = field(default_factory=set)
    _looking: asyncio.Task[None] | None = None
    _beginning: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[tuple[Look, Looks]]:
        """What there is, and every look from then on. Fault where the catalog cannot be asked."""
        looks: Looks = asyncio.Queue(maxsize=MOST)
        self._followers.add(looks)  # before the first look: what comes during it is told twice rather than never
        try:
            yield await self._begin(), looks
        finally:
            self._followers.discard(looks)
            if not self._followers and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def _begin(self) -> Look:
        async with self._beginning:
            first = await asyncio.to_thread(self.look, None)
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._go_on(first.number))
            return first

    async def _go_on(self, number: int) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            with suppress(MigratorError):  # a catalog that is away comes back, and who follows waits for it
                seen = await asyncio.to_thread(self.look, number)
                number = seen.number
                for follower in tuple(self._followers):
                    self._tell(follower, seen)

    def _tell(self, follower: Looks, seen: Look) -> None:
        if follower.full():
            self._followers.discard(follower)
            while not follower.empty():
                follower.get_nowait()
            seen = LEFT_BEHIND
        follower.put_nowait(seen)
