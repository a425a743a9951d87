"""What others hold for a moment costs an attempt of a few: a deadlock, or a lock that is held for too long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from migrator.outcomes import Progress, Tick, silent
from storage.errors import TransientFault

_PAUSES_S = (0.5, 2.0)
"""Before it is tried once more."""

Done = TypeVar("Done")


def patiently(
    attempt: Callable[[], Done],
    *,
    step: str,
    may_repeat: Callable[[], bool] = lambda: True,
    patience_s: float = 0,
    progress: Progress = silent,
) -> Done:
    """What `attempt` gives. After a fault it is not made again unless `may_repeat`: it may have been a commit's.

    As long as `patience_s` has not passed, it is made more often than that.
    """
    for pause in _pauses(patience_s):
        try:
            return attempt()
        except TransientFault as error:
            if not may_repeat():
                raise
            progress(Tick(step=f"{step} again", what=error.what))
            time.sleep(pause)
    return attempt()


def _pauses(patience_s: float) -> Iterator[float]:
    end = time.monotonic() + patience_s
    yield from _PAUSES_S
    while time.monotonic() < end:
        yield _PAUSES_S[-1]
