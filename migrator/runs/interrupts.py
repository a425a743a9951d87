"""Ctrl-C and SIGTERM, remembered: no library that swallows KeyboardInterrupt can turn an interruption into a fault."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_STOP = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Whether the person (or the system) asked to stop since `watched` was entered."""

    def __init__(self) -> None:
        self.seen = False
        self.is_ending = False  # the run is being recorded as ended: whoever is impatient now gains nothing
        self.around: dict[int, Any] = {}

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if isinstance(around := self.around.get(number), Interrupts):
            around.seen = True  # what is too late for a run is not too late for whoever performs one after the other
        if self.is_ending:
            return
        self.seen = True
        sys.unraisablehook = _quietly  # half-read generators complain of connections that are closed by then
        raise KeyboardInterrupt


def _quietly(_unraisable: object) -> None:
    pass


@contextmanager
def watched(*numbers: signal.Signals) -> Iterator[Interrupts]:
    """Turn these signals, else SIGINT and SIGTERM, into KeyboardInterrupt and remember it.

    So does every such context around this one. Only the main thread hears signals.
    """
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    for watched_for in numbers or _STOP:
        interrupts.around[watched_for] = signal.signal(watched_for, interrupts)
    try:
        yield interrupts
    finally:
        for number, handler in interrupts.around.items():
            signal.signal(number, handler)
