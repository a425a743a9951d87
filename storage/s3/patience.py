"""How long a request is repeated before it is given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from storage.errors import TransientFault
from storage.retry import Retries

FIRST = Retries()
"""About three seconds: who mistyped an address wants to know."""

LATER = Retries(attempts=9, pause=0.25)
"""About a minute: a gateway that restarts must not cost what hours of reading have written."""

_Result = TypeVar("_Result")


class Patience:
    """Little with a server that never answered, more with one that did, little again once it was given up."""

    def __init__(self, first: Retries = FIRST, later: Retries = LATER) -> None:
        self._first = first
        self._later = later
        self._has_answered = False

    def repeat(self, action: Callable[[int], _Result]) -> _Result:
        """As `Retries.repeat`."""
        try:
            result = (self._later if self._has_answered else self._first).repeat(action)
        except TransientFault:
            self._has_answered = False  # cleaning up after it need not wait as long for every object
            raise
        self._has_answered = True
        return result
