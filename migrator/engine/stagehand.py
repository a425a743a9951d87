"""Tables of a load that another process performs, staged for it: it finds them as if an earlier attempt left them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from migrator.contracts import Target
from migrator.engine.prepare import Prepared
from migrator.engine.staged import HandedTable, content, stage_noted
from migrator.outcomes import Progress, silent
from storage.errors import Misuse

_ASK_S = 1.0


def help_load(
    prepared: Prepared,
    target: Target,
    *,
    run: str,
    tables: Iterable[HandedTable],
    required: Callable[[], None],
    progress: Progress = silent,
) -> None:
    """Stage each of these tables as it comes, compare it and note it; `required` raises once it is another's to do.

    `prepared` is made of what the run decided. Misuse where it comes to other rows here than there, Fault where the run
    is not staged in this target: nothing is staged then.
    """
    for handed in tables:
        one = content(prepared, prepared.staged(handed.table))
        if handed.word != one.word:
            raise Misuse(
                "the mapping gives other rows here than where the run is performed",
                where=f"{run} {handed.table}",
                next="give every worker the same variables, and the same version of this program",
            )
        with target.helping(run, one.staged.table, required) as staging:
            stage_noted(prepared, one, staging, progress, watching=_Watch(required=required).over)


@dataclass(kw_only=True)
class _Watch:
    """Asks now and then, while rows go by, whether anybody wants them."""

    required: Callable[[], None]
    asked_at: float = 0.0

    def over(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if time.monotonic() - self.asked_at > _ASK_S:
                self.required()
                self.asked_at = time.monotonic()
            yield batch
