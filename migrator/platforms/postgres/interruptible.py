"""What ADBC waits for ends when somebody asks to stop, and whoever listens for that hears it.

ADBC would take SIGINT for itself while it works in the main thread: a Ctrl-C became the fault of a statement that was
given up, or nothing at all where the call ended that moment; and any other signal waited for the statement.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_manager import dbapi

_STOP = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_AGAIN_S = 0.2  # what the server had not begun was not cancelled

Cancel = Callable[[], None]


class _Watch:
    """Cancels what the main thread waits for when a signal comes; Python handles it as soon as the call has ended."""

    def __init__(self) -> None:
        self._told, self._tell = os.pipe()
        os.set_blocking(self._tell, False)
        self._cancel: Cancel | None = None
        self._turn = threading.Condition()
        threading.Thread(target=self._watch, name="migrator interruptible", daemon=True).start()

    def during(self, call: Callable[[], Any], cancel: Cancel) -> Any:
        before = self._cancel
        told_before = signal.set_wakeup_fd(self._tell, warn_on_full_buffer=False)
        try:
            self._set(cancel)
            return call()
        finally:
            try:
                self._set(before)
            finally:  # the signal is handled at the first chance there is: before anything of that was done
                self._set(before)
                signal.set_wakeup_fd(told_before)

    def _set(self, cancel: Cancel | None) -> None:
        with self._turn:
            self._cancel = cancel
            self._turn.notify()

    def _watch(self) -> None:
        while told := os.read(self._told, 64):
            if _STOP.intersection(told):
                self._stop()

    def _stop(self) -> None:
        """Until the call has ended, and not a moment longer: what it worked with is closed then."""
        with self._turn:
            cancel = self._cancel
            while cancel is not None and self._cancel is cancel:
                with suppress(adbc_driver_manager.Error):
                    cancel()
                self._turn.wait(_AGAIN_S)


_watch: _Watch | None = None


def interruptible(call: Callable[..., Any], args: Sequence[Any], named: Mapping[str, Any], cancel: Cancel) -> Any:
    """What the call gives; a signal that comes meanwhile cancels it, and is then handled as any other."""
    global _watch
    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        return call(*args, **named)
    _watch = _watch or _Watch()
    return _watch.during(lambda: call(*args, **named), cancel)


def batches_of(cursor: dbapi.Cursor, reader: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches of the cursor's result, each waited for like that."""
    batches = iter(reader)
    while (batch := interruptible(next, (batches, None), {}, cursor.adbc_cancel)) is not None:
        yield batch
