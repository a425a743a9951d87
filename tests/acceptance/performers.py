"""Whoever performs runs, and who is in their way: workers as processes, people who have a target's tables."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from migrator.wiring import open_target
from tests.acceptance.world import World

PATIENCE_S = 120


@contextmanager
def worker(world: World, *options: object) -> Iterator[subprocess.Popen[str]]:
    """A worker as a process, stopped at the end: what it is about to keep of a run that is done, it keeps."""
    with world.start("worker", *options) as process:
        try:
            yield process
            process.terminate()
            process.wait(PATIENCE_S)
        finally:
            process.kill()


@contextmanager
def at_work(world: World) -> Iterator[None]:
    """Somebody else has the target's tables: who loads waits for them, for as long as the context is open."""
    target = open_target(world.environment["TARGET_URL"])
    with target.claims("somebody-else") as claims:
        assert not claims.take(target.describe().tables)
        yield


def queued(world: World) -> str:
    """A rehearsal that waits for a worker."""
    run: str = world.json("rehearse", world.plan, "--detach")["run"]
    assert shown(world, run)["state"] == "queued"
    return run


def shown(world: World, run: str) -> dict[str, Any]:
    return world.json("runs", "show", run)


def until(world: World, run: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The run, as soon as this holds for it."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if holds(record := shown(world, run)):
            return record
        time.sleep(0.1)
    raise AssertionError(f"still not: {record}")


def is_waiting(record: dict[str, Any]) -> bool:
    """Whether it is performed, and has come to the tables that somebody else has."""
    return record["state"] == "running" and "wait for" in (record["progress"] or {}).get("step", "")


def until_started(world: World, before: str = "") -> str:
    """The newest run, as soon as it is not the one from before."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if (runs := world.runs()) and (newest := runs[-1]["run_id"]) != before:
            return str(newest)
        time.sleep(0.1)
    raise AssertionError("nothing was started")
