"""What every soak shares: a promise that was broken, and the end of a script that tells of it."""

from __future__ import annotations

import sys
from collections.abc import Callable


class BrokenError(Exception):
    """Something this software promises did not hold; the message says what, and how to see it again."""


def require(kept: bool, said: str) -> None:
    """BrokenError unless the promise was kept."""
    if not kept:
        raise BrokenError(said)


def ending(soak: Callable[[], None]) -> None:
    """Run the soak to its end, and exit with 1 where a promise was broken."""
    try:
        soak()
    except BrokenError as error:
        print(f"BROKEN: {error}", flush=True)
        sys.exit(1)
    print("every promise was kept")
