"""What takes a moment elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable

_PATIENCE_S = 120


def comes(true: Callable[[], bool]) -> None:
    """Until it is; at most two minutes."""
    until = time.monotonic() + _PATIENCE_S
    while not true():
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.01)
