"""A run that is left to workers of the scene's catalog: two of them, of which one may be struck."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tests.kills.scene import Scene
from tests.kills.watched import Watched
from tests.soak.promise import require

_BEGINS_S, _GRACE_S = 90, 40


@contextmanager
def left_to_workers(scene: Scene, arguments: Sequence[str], told: str) -> Iterator[Watched]:
    """The run as somebody follows it, from when one of two workers performs it; they end with the context.

    What earlier trials left lost is cancelled before, or they would go on with it.
    """
    for run in scene.world.runs():
        if run["state"] == "lost":
            scene.asked("runs", "cancel", run["run_id"])
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(_worker(scene))
        queued = scene.asked(*arguments, "--detach")
        require(queued.code == 0, f"{told}: it cannot be left to a worker: {queued}")
        run = queued.stdout.split()[-1]
        following, deadline = scene.start("runs", "follow", run), time.monotonic() + _BEGINS_S
        while scene.world.json("runs", "show", run)["state"] == "queued":
            require(time.monotonic() < deadline, f"{told}: no worker takes it within {_BEGINS_S} s")
            time.sleep(0.05)
        yield following


@contextmanager
def _worker(scene: Scene) -> Iterator[None]:
    watched = scene.start("worker")
    try:
        yield
    finally:
        watched.process.terminate()
        if not watched.ends_within(_GRACE_S):
            watched.process.kill()
            watched.process.wait()
