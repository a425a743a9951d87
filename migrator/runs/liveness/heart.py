"""The heart of a run: beats in the catalog every second while somebody performs it, and hears what is asked of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from migrator.runs.catalog import Catalog
from migrator.runs.liveness.holds import Hold
from migrator.runs.liveness.pace import Pace
from migrator.runs.records import RunRecord
from storage.errors import MigratorError

BEAT_S = 1.0


@dataclass(kw_only=True)
class Heart:
    """`was_taken_over` and `is_cancelled` say why the performing thread was interrupted."""

    catalog: Catalog
    record: RunRecord
    hold: Hold
    pace: Pace
    was_taken_over: bool = False
    is_cancelled: bool = False
    _stopped: threading.Event = field(default_factory=threading.Event, repr=False)
    _striking: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def beat(self) -> bool:
        """Whether to go on. A catalog that cannot be reached now is asked again at the next beat."""
        position = self.pace.position()
        kept = position.kept() if position else None
        try:
            state = self.catalog.beat(self.record, kept) if self.hold.is_kept() else None
        except MigratorError:
            return True
        self.was_taken_over = state is None
        self.is_cancelled = state == "cancelling"
        return state == "running"

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Beat until the context ends; who performs a run that is another's by now, or was cancelled, is interrupted.

        The last position is recorded at the end: a short run is told of, too.
        """
        self.beat()
        thread = threading.Thread(target=self._beat_on, name=f"heart of {self.record.run_id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop()
            thread.join(BEAT_S)
            self.beat()

    def _beat_on(self) -> None:
        while not self._stopped.wait(BEAT_S):
            if not self.beat():
                self._interrupt()
                return

    def _stop(self) -> None:
        """From here on nobody is interrupted."""
        with self._striking:
            self._stopped.set()

    def _interrupt(self) -> None:
        """As a person would: it is the main thread that performs, and a signal ends what it waits for."""
        with self._striking:
            if not self._stopped.is_set():
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
