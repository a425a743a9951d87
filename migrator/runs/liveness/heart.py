"""The heart of a run: beats in the catalog every second while somebody performs it, and hears what is asked of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from migrator.outcomes import Progress, Tick, silent
from migrator.runs.catalog import Catalog
from migrator.runs.liveness.holds import Hold
from migrator.runs.liveness.pace import Pace
from migrator.runs.patience import TOLD_S, Patience
from migrator.runs.records import RunRecord
from storage.errors import MigratorError

BEAT_S = 1.0


@dataclass(kw_only=True)
class Heart:
    """`was_taken_over`, `is_cancelled` and `patience.ran_out` say why the performing thread was interrupted."""

    catalog: Catalog
    record: RunRecord
    hold: Hold
    pace: Pace
    patience: Patience = field(default_factory=Patience)
    progress: Progress = silent
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
        self.patience.answered()
        self.was_taken_over = state is None
        self.is_cancelled = state == "cancelling"
        return state == self.record.state

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Beat until the context ends; who performs a run that is another's by now, that was cancelled, or whose
        catalog is away for too long, is interrupted.

        The last position is recorded at the end: a short run is told of, too.
        """
        self._stopped.clear()
        self.beat()
        threads = [
            threading.Thread(target=work, name=f"heart of {self.record.run_id}", daemon=True)
            for work in (self._beat_on, self._watch)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        except KeyboardInterrupt:
            self.patience.give_up()  # whoever wants to stop does not want to wait
            raise
        finally:
            self._stop()
            for thread in threads:
                thread.join(BEAT_S)
            if self.patience.away_s < TOLD_S:
                self.beat()

    def _beat_on(self) -> None:
        while not self._stopped.wait(BEAT_S):
            if not self.beat():
                self._interrupt()
                return

    def _watch(self) -> None:
        """Apart from the beats: one of them may wait for an answer that never comes."""
        is_told = False
        while not self._stopped.wait(BEAT_S):
            if self.patience.is_over:
                self._interrupt()
                return
            if is_told != (self.patience.away_s > TOLD_S):
                is_told = not is_told
                self.progress(Tick(step=self.patience.said if is_told else "the catalog answers again"))

    def _stop(self) -> None:
        """From here on nobody is interrupted."""
        with self._striking:
            self._stopped.set()

    def _interrupt(self) -> None:
        """As a person would: it is the main thread that performs, and a signal ends what it waits for.

        SIGINT, for it asks nothing of who performs other runs after this one: SIGTERM does.
        """
        with self._striking:
            if not self._stopped.is_set():
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
