"""Ctrl-C and SIGTERM, remembered: no library that swallows KeyboardInterrupt can turn an interruption into a fault."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """Whether the person (or the system) asked to stop since `watched` was entered."""

    def __init__(self) -> None:
        self.seen = False
        self.is_ending = False  # the run is being recorded as ended: whoever is impatient now gains nothing

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        if self.is_ending:
            return
        self.seen = True
        sys.unraisablehook = _quietly  # half-read generators complain of connections that are closed by then
        raise KeyboardInterrupt


def _quietly(_unraisable: object) -> None:
    pass


@contextmanager
def watched() -> Iterator[Interrupts]:
    """Turn SIGINT and SIGTERM into KeyboardInterrupt and remember it; only the main thread hears signals."""
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    before = {number: signal.signal(number, interrupts) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
