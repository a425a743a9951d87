"""One look for all who follow: nobody misses what came while they came, and who does not read fills no memory."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack

import pytest

from api import watch as watch_module
from api.watch import LEFT_BEHIND, Watch
from migrator.runs.records import RunChange
from migrator.service.watching import Look

LONG_S = 10


def change(number: int) -> RunChange:
    return RunChange(
        number=number, run_id="r", tenant="ours", kind="snapshot", plan="p", state="done", verdict=None, at=""
    )


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "LOOK_S", 0.0)


def test_a_change_between_the_first_look_and_the_next_is_told() -> None:
    was_told, came = threading.Event(), threading.Event()

    def look(after: int | None) -> Look:
        if after is None:  # whoever comes second reads the catalog before the change, and hears of it after the others
            assert not came.is_set() or was_told.wait(LONG_S)
            return Look(number=5)
        if not came.is_set():
            return Look(number=5)
        return Look(number=6, changes=(change(6),) if after < 6 else ())

    async def story() -> None:
        watch = Watch(look=look)
        async with watch.following() as (_, first):
            came.set()
            second = asyncio.create_task(_next_change(watch))
            while not (await first.get()).changes:
                pass
            was_told.set()
            assert await asyncio.wait_for(second, LONG_S) == 6

    asyncio.run(story())


async def _next_change(watch: Watch) -> int:
    async with watch.following() as (seen, looks):
        while not seen.changes:
            seen = await looks.get()
        return seen.changes[0].number


def test_who_does_not_read_is_left_behind_and_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "MOST", 5)
    number = iter(range(1_000_000))

    async def story() -> None:
        watch = Watch(look=lambda _after: Look(number=next(number)))
        async with watch.following() as (_, idle), watch.following() as (_, reading):
            read = [await reading.get() for _ in range(50)]
            assert LEFT_BEHIND not in read
            assert idle.qsize() == 1 and idle.get_nowait() is LEFT_BEHIND

    asyncio.run(story())


def test_the_more_follow_the_longer_they_take_to_come_back() -> None:
    async def story() -> None:
        watch = Watch(look=lambda _after: Look(number=1))
        async with AsyncExitStack() as following:
            spread = []
            for _ in range(200):
                await following.enter_async_context(watch.following())
                spread.append(watch.spread_s)
            assert (spread[0], spread[-1]) == (2.0, 8.0)

    asyncio.run(story())
