"""Ctrl-C, SIGTERM and a closed terminal, remembered: whatever swallows KeyboardInterrupt makes no fault of them."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Whether the person (or the system) asked to stop since `watched` was entered."""

    def __init__(self, *, is_held: bool = False) -> None:
        self.seen = False
        self.is_held = is_held  # the first is kept back until somebody heeds it: who asks twice is not kept waiting
        self.is_struck = False
        self.is_ending = False  # the run is being recorded as ended: whoever is impatient now gains nothing
        self.around: dict[int, Any] = {}

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        self._tell_around(number)
        if self.is_ending:
            return
        self.seen, was_struck, self.is_struck = True, self.is_struck, True
        if self.is_held and not was_struck:
            return
        sys.unraisablehook = _quietly  # half-read generators complain of connections that are closed by then
        _Undivided.interrupt()

    def _tell_around(self, number: int) -> None:
        """What is too late for a run is not too late for whoever performs one after the other."""
        around = self.around.get(number)
        if isinstance(around, Interrupts):
            around.seen = True
            around._tell_around(number)

    def heed(self) -> None:
        """From here on nothing is kept back. KeyboardInterrupt where it was, here or in a context around this one."""
        self.is_held = False
        held = (one for one in self.around.values() if isinstance(one, Interrupts) and one.is_held)
        struck = [one for one in (self, *held) if one.is_struck]
        for one in struck:
            one.is_struck = False
        if struck:
            self.seen = True
            raise KeyboardInterrupt


class _Undivided:
    """What the main thread is in the middle of, and whether it was interrupted there."""

    depth = 0
    is_struck = False

    @classmethod
    def interrupt(cls) -> None:
        if not cls.depth:
            raise KeyboardInterrupt
        cls.is_struck = True


@contextmanager
def undivided() -> Iterator[None]:
    """An interruption that comes meanwhile is heard at the end: for what is short, and must not be left half done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _Undivided.depth += 1
    try:
        yield
    finally:
        _Undivided.depth -= 1
        if not _Undivided.depth and _Undivided.is_struck:
            _Undivided.is_struck = False
            raise KeyboardInterrupt


def _quietly(_unraisable: object) -> None:
    pass


@contextmanager
def watched(*numbers: signal.Signals, is_held: bool = False) -> Iterator[Interrupts]:
    """Turn these signals, else those of STOP, into KeyboardInterrupt and remember it.

    So does every such context around this one. Only the main thread hears signals.
    """
    interrupts = Interrupts(is_held=is_held)
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    try:
        for watched_for in numbers or STOP:
            if not _is_left_alone(watched_for):
                interrupts.around[watched_for] = signal.getsignal(watched_for)
                signal.signal(watched_for, interrupts)
        yield interrupts
    finally:
        for number, handler in interrupts.around.items():
            signal.signal(number, handler)


def _is_left_alone(number: signal.Signals) -> bool:
    """Who gave the command with nohup wants it to go on without a terminal."""
    return number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN
