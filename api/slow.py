"""Requests that read for long: a few at a time, so that the others are answered at once all the same."""

from __future__ import annotations

from collections.abc import Iterator
from threading import BoundedSemaphore
from typing import Any

from fastapi import Depends, Request

from api.problems import Refusal

AT_ONCE = 4
_AGAIN_S = 10


def places() -> BoundedSemaphore:
    """Those of one application."""
    return BoundedSemaphore(AT_ONCE)


def _place(request: Request) -> Iterator[None]:
    free: BoundedSemaphore = request.app.state.slow
    if not free.acquire(blocking=False):
        raise Refusal(
            status=503,
            kind="busy",
            what=f"{AT_ONCE} requests that read for long are under way",
            next=f"repeat it in {_AGAIN_S} seconds",
            headers={"Retry-After": str(_AGAIN_S)},
        )
    try:
        yield
    finally:
        free.release()


SLOW: Any = Depends(_place)
"""Among a route's dependencies: it waits for no place, and is refused where there is none."""
