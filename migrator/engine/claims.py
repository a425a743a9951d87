"""Two runs on the same tables of a target never mix: the second waits for the first, and for so long only."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from migrator.contracts import Claims, Target
from migrator.outcomes import Progress, Tick, silent
from storage.errors import TransientFault
from storage.schema import Table

_PAUSE_S = 0.5


@contextmanager
def claimed(
    target: Target, run: str, tables: Sequence[Table], *, patience_s: float, progress: Progress = silent
) -> Iterator[None]:
    """The tables are this run's as long as the context is open, on whatever machine others are.

    TransientFault where another run still has one of them after `patience_s` seconds. Fault at the end where they were
    not this run's all the time.
    """
    with target.claims(run) as claims:
        _take(claims, tables, patience_s, progress)
        yield
        claims.require()


def _take(claims: Claims, tables: Sequence[Table], patience_s: float, progress: Progress) -> None:
    end = time.monotonic() + patience_s
    while holder := claims.take(tables):
        if time.monotonic() >= end:
            raise TransientFault(
                f"{holder} is at work on the same tables of the target",
                where=", ".join(table.name for table in tables),
                next="repeat the command when it is done, or wait for it longer: --wait SECONDS",
            )
        progress(Tick(step=f"wait for {holder}, which has the same tables"))
        time.sleep(_PAUSE_S)
