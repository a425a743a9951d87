"""Tables that several processes work at, in the order in which they come to who performs the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from migrator.outcomes import Progress, Tick

WORTH_ROWS = 50_000
"""A table of fewer is done in less time than it takes another process to find out what is to be done."""

_LOOK_S = 0.2


class Named(Protocol):
    @property
    def name(self) -> str: ...


Table = TypeVar("Table", bound=Named)


def in_turn(
    tables: Sequence[Table], is_due: Callable[[Table], bool], *, doing: str, progress: Progress
) -> Iterator[Table]:
    """Each table once it is due, which is asked again until it is; `doing` says what those do who are waited for."""
    left = list(tables)
    while left:
        before = len(left)
        for table in tuple(left):
            if is_due(table):
                left.remove(table)
                yield table
        if len(left) == before:
            named = ", ".join(table.name for table in left)
            progress(Tick(step=f"wait for other workers, which {doing}", what=named))
            time.sleep(_LOOK_S)
