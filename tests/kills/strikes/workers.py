"""A worker dies or hangs with the run it performs; another stands beside it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.kills.scene import Scene
from tests.kills.strike import At, Strike
from tests.kills.watched import Watched


def _performers(scene: Scene) -> list[int]:
    return [run["process"] for run in scene.world.runs() if run["state"] == "running"]


def _worker_of(process: int) -> int:
    """The worker that started the process."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(words[1])


def _gets(number: signal.Signals, *, with_worker: bool = False) -> At:
    @contextmanager
    def at(scene: Scene, _watched: Watched) -> Iterator[None]:
        for process in _performers(scene):
            with suppress(ProcessLookupError, FileNotFoundError):  # it was done before
                os.kill(_worker_of(process) if with_worker else process, number)
        yield

    return at


def _strike(name: str, at: At) -> Strike:
    return Strike(name=name, at=at, by_workers=True, fits=lambda scene: bool(scene.catalog.url))


WORKER_KILLED = _strike("kill -9 of the worker", _gets(signal.SIGKILL, with_worker=True))
PERFORMER_KILLED = _strike("kill -9 of the worker's process", _gets(signal.SIGKILL))
WORKER_HANGS = _strike("a worker's process that hangs", _gets(signal.SIGSTOP))
