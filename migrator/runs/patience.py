"""For how long a catalog that goes away in the middle of a run is waited for, instead of giving the run up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from storage.errors import Fault

PATIENCE_S = 300
TOLD_S = 5.0  # a catalog that does not answer for so long is told of
_AGAIN_S = 1.0

Got = TypeVar("Got")


class Patience:
    """So many seconds from when the catalog answered last; those who use it in any thread share them.

    `ran_out` says that they were not enough.
    """

    def __init__(self, seconds: float = PATIENCE_S) -> None:
        self.seconds = seconds
        self.ran_out = False
        self._answered = time.monotonic()
        self._given_up = threading.Event()

    @property
    def away_s(self) -> float:
        """For how long nobody has had an answer."""
        return time.monotonic() - self._answered

    @property
    def said(self) -> str:
        return f"the catalog does not answer: waited for, {self.seconds:g} s at most"

    @property
    def is_over(self) -> bool:
        if self.away_s > self.seconds:
            self.ran_out = True
            self.give_up()
        return self._given_up.is_set()

    def answered(self) -> None:
        self._answered = time.monotonic()

    def give_up(self) -> None:
        """Nothing more is waited for: whoever comes with the catalog away is told so at once."""
        self._given_up.set()

    def had(self, get: Callable[[], Got]) -> Got:
        """What `get` gives as soon as the catalog can be reached. Its Fault where that takes too long; once it did,
        nobody asks again."""
        while True:
            if self.ran_out:
                raise Fault(
                    "the catalog has been away for too long",
                    where="MIGRATOR_CATALOG",
                    next="look after its server; MIGRATOR_PATIENCE says for how many seconds it is waited for",
                )
            try:
                got = get()
            except Fault:
                if self.is_over:
                    raise
                self._given_up.wait(_AGAIN_S)
            else:
                self.answered()
                return got
