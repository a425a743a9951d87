"""Whoever follows runs is woken by one look at the catalog for all: two hundred who watch ask no more than one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field

from migrator.runs.records import RunRecord
from migrator.service.watching import Look
from storage.errors import MigratorError

LOOK_S = 0.5
MOST = 240  # looks that wait for somebody who does not read: two minutes
_COME_PER_S = 25  # of those who look anew because of what they were told
_SPREAD_S = 2.0
LEFT_BEHIND = Look(number=-1)
"""In place of all that waits for whoever reads too slowly: they come back, and are told what they missed."""

Looks = asyncio.Queue[Look]


@dataclass(kw_only=True)
class Written:
    """What two hundred are told alike is written once: the last words about each run, by how far it was."""

    _last: dict[str, tuple[str, str]] = field(default_factory=dict)

    def of(self, run: RunRecord, how_far: str) -> str:
        """The run as JSON."""
        kept = self._last.get(run.run_id)
        if kept is None or kept[0] != how_far:
            kept = self._last[run.run_id] = (how_far, json.dumps(asdict(run)))
        return kept[1]

    def keep(self, runs: Iterable[str]) -> None:
        """Forget all others."""
        self._last = {run: self._last[run] for run in runs if run in self._last}


@dataclass(kw_only=True)
class Watch:
    """Looks as long as somebody follows. `look` is asked for what changed after a number, or for the beginning."""

    look: Callable[[int | None], Look]
    written: Written = field(default_factory=Written)
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

    @property
    def spread_s(self) -> float:
        """Within how many seconds those who follow look anew: they do not all come at once."""
        return max(_SPREAD_S, len(self._followers) / _COME_PER_S)

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
                self.written.keep(seen.runs)
                for follower in tuple(self._followers):
                    self._tell(follower, seen)

    def _tell(self, follower: Looks, seen: Look) -> None:
        if follower.full():
            self._followers.discard(follower)
            while not follower.empty():
                follower.get_nowait()
            seen = LEFT_BEHIND
        follower.put_nowait(seen)
