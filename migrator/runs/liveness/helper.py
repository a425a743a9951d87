"""A worker at the shares of another's run: it beats for the one it does, and does none that is another's by now."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Self

from migrator.runs.liveness.heart import BEAT_S
from migrator.runs.shares import Share, Shares
from storage.errors import Fault, MigratorError


class Helper:
    """A context around the help; what is under way when it fails is given back."""

    def __init__(self, shares: Shares, first: Share, worker: str) -> None:
        self._shares = shares
        self._worker = worker
        self._run_id = first.run_id
        self._share: Share | None = first
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name=f"helper of {first.run_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._over.set()
        self._thread.join(BEAT_S)
        if self._share is not None:
            with suppress(MigratorError):  # the first error is the one to tell; who performs the run misses our beats
                self._shares.end(self._share, self._worker, state="back")

    def postpone(self) -> None:
        """Leave the first one to whoever is quicker, until the shares are asked for: much is to be prepared."""
        if self._share is not None and not self._shares.end(self._share, self._worker, state="open"):
            raise _lost(self._share)
        self._share = None

    def shares(self) -> Iterator[Share]:
        """One after the other; each is done when the next is asked for."""
        if self._share is None:
            self._share = self._shares.next(self._worker, run_id=self._run_id)
        while (share := self._share) is not None:
            yield share
            if not self._shares.end(share, self._worker, state="done"):
                raise _lost(share)
            self._share = self._shares.next(self._worker, run_id=share.run_id)

    def require(self) -> None:
        """Fault where another does what is done here, or nobody wants it any more."""
        share = self._share
        if share is None or not self._shares.beat(share, self._worker):
            raise _lost(share)

    def _beat_on(self) -> None:
        while not self._over.wait(BEAT_S):
            if (share := self._share) is not None:
                with suppress(MigratorError):  # a catalog that is away now is there at the next beat
                    self._shares.beat(share, self._worker)


def _lost(share: Share | None) -> Fault:
    return Fault(
        "another does now what was done here for a run, or nobody wants it any more",
        where=f"{share.run_id} {share.name}" if share else "share",
        next="nothing is to be done",
    )
