"""People at browsers, as a server sees them: each follows every run by one stream, and loads a page now and then."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

_HEAD_S = 60
_THINKS_S = (5.0, 25.0)  # between two pages
_AT = re.compile(rb'"at": "([^"]+)"')
_SPREAD = re.compile(rb'"spread_s": ([0-9.]+)')


@dataclass(kw_only=True)
class Seen:
    """What all of them saw: seconds of each kind of request, events, and how old progress was when it came."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    events: int = 0
    ages: list[float] = field(default_factory=list)
    broken: int = 0  # streams that ended by themselves

    def lines(self) -> Iterator[str]:
        """A table's."""
        for kind in sorted(self.seconds):
            took = sorted(self.seconds[kind])
            yield (
                f"| {kind} | {len(took):,} | {_ms(_part(took, 0.5))} | {_ms(_part(took, 0.95))} | {_ms(took[-1])}"
                f" | {self.refused[kind]} |"
            )
        ages = sorted(self.ages)
        if ages:
            told = f"| {_ms(_part(ages, 0.5))} | {_ms(_part(ages, 0.95))} | {_ms(ages[-1])} | {self.broken} |"
            yield f"| (how old progress is when it comes) | {self.events:,} {told}"


@dataclass(frozen=True, kw_only=True)
class Browser:
    """One person's: `cookie` is their session, `own` the addresses they look at, each with what it is called."""

    host: str
    port: int
    cookie: str
    own: Sequence[tuple[str, str]]
    seen: Seen
    chance: Random

    async def sit(self, until: float) -> None:
        """Follow and look until that moment of the event loop's clock."""
        async with asyncio.timeout_at(until):
            await asyncio.gather(self._follow(), self._look())

    async def _look(self) -> None:
        await asyncio.sleep(self.chance.uniform(0, _THINKS_S[1]))
        while True:
            await self._load(*self.chance.choice(self.own))
            await asyncio.sleep(self.chance.uniform(*_THINKS_S))

    async def _load(self, kind: str, path: str) -> None:
        began = time.perf_counter()
        reader, writer = await self._asked(path, "close")
        try:
            status = await _status(reader)
            await reader.read(-1)
        finally:
            writer.close()
        self.seen.seconds[kind].append(time.perf_counter() - began)
        self.seen.refused[kind] += status >= 400

    async def _follow(self) -> None:
        while True:
            reader, writer = await self._asked("/v1/events", "keep-alive")
            try:
                await self._hear(reader)
            finally:
                writer.close()
            self.seen.broken += 1
            await asyncio.sleep(1)

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        """Until the stream ends. A run that came into another state has the page loaded anew, as its script does."""
        await _status(reader)
        reloading: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as tasks:
            while part := await reader.read(1 << 16):
                self.seen.events += part.count(b"event: ")
                now = datetime.now(UTC)
                if ats := _AT.findall(part):
                    self.seen.ages.append((now - datetime.fromisoformat(ats[-1].decode())).total_seconds())
                if (spread := _SPREAD.search(part)) and (reloading is None or reloading.done()):
                    reloading = tasks.create_task(self._reload(float(spread[1])))

    async def _reload(self, within_s: float) -> None:
        await asyncio.sleep(self.chance.uniform(0, within_s))
        await self._load(*self.own[0])

    async def _asked(self, path: str, connection: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        head = (f"GET {path} HTTP/1.1", f"Host: {self.host}:{self.port}", f"Cookie: {self.cookie}",
                "Accept: text/html, */*", f"Connection: {connection}", "", "")  # fmt: skip
        writer.write("\r\n".join(head).encode())
        return reader, writer


async def sit(browsers: Sequence[Browser], seconds: float) -> None:
    """All of them, come within ten seconds, until that many seconds are over."""
    until = asyncio.get_running_loop().time() + seconds

    async def come(browser: Browser) -> None:
        await asyncio.sleep(browser.chance.uniform(0, 10))
        try:
            await browser.sit(until)
        except TimeoutError:
            return

    await asyncio.gather(*map(come, browsers))


async def _status(reader: asyncio.StreamReader) -> int:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_S)
    return int(head.split(b" ", 2)[1])


def _part(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f}"
