"""Staging that outlives whoever made it: a run that is resumed finds there what it finished.

It is worth a repeated copy at most, so it may go at any time: when the run ends, when somebody asks, and by itself when
no attempt has touched it for `DAYS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from storage.errors import Fault, may_be_resumed

DAYS = 7


@contextmanager
def going(remove: Callable[[], None], *, keep: bool) -> Iterator[None]:
    """Remove it at the end; with `keep` not where the run may be resumed: after all but an answer or a misuse."""
    try:
        yield
    except BaseException as error:
        if not keep or not may_be_resumed(error):
            remove()
        raise
    remove()


def elsewhere(where: str, run: str) -> Fault:
    """Nobody stages this run, as seen from a process that was to help with it."""
    return Fault(
        f"nobody stages the run {run} there, or another user does",
        where=where,
        next="give every worker the same target, and the same user there",
    )
