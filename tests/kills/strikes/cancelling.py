"""Somebody gives the run up for good while it is under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.kills.scene import Scene
from tests.kills.strike import Strike
from tests.kills.watched import Watched

_WORDS = frozenset({1, 2, 130})  # cancelled; or told why not, where the target had changed


@contextmanager
def _cancelled(scene: Scene, _watched: Watched) -> Iterator[None]:
    for run in scene.world.runs():
        if run["state"] == "running":
            scene.asked("runs", "cancel", run["run_id"])
    yield


CANCELLED = Strike(name="migrator runs cancel", at=_cancelled, codes=_WORDS)
