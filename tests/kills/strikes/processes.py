"""The command itself is ended: by the kernel, by a supervisor, by a person."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.kills.scene import Scene
from tests.kills.strike import At, Strike
from tests.kills.watched import Watched

_GRACE_S = 20
_PARKED, _BEFORE_IT_BEGAN = 130, (-signal.SIGTERM, -signal.SIGINT)
_STOPPED = frozenset({_PARKED, *_BEFORE_IT_BEGAN, -signal.SIGKILL})


@contextmanager
def _killed(_scene: Scene, watched: Watched) -> Iterator[None]:
    watched.process.kill()
    yield


def _asked_to_stop(by: signal.Signals) -> At:
    @contextmanager
    def at(_scene: Scene, watched: Watched) -> Iterator[None]:
        watched.process.send_signal(by)
        yield
        watched.process.kill()  # nothing, where it has ended within its grace

    return at


KILL = Strike(name="kill -9 of the command", at=_killed, codes=frozenset({-signal.SIGKILL}))
TERM = Strike(name="SIGTERM", at=_asked_to_stop(signal.SIGTERM), codes=_STOPPED, lasts=_GRACE_S)
INT = Strike(name="Ctrl-C", at=_asked_to_stop(signal.SIGINT), codes=_STOPPED, lasts=_GRACE_S)
