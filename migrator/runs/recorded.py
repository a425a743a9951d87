"""One run, recorded whatever becomes of it: done with its verdict, failed with its reason, or parked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from migrator.outcomes import Verdict
from migrator.runs.catalog import Catalog, RunRecord
from migrator.runs.interrupts import watched
from storage.errors import MigratorError, Parked, Red
from storage.system import fault_of


@dataclass(kw_only=True)
class Recording:
    """The run under way; set `verdict` before leaving the context."""

    run: RunRecord
    verdict: Verdict | None = field(default=None)


@contextmanager
def recorded(
    catalog: Catalog, record: RunRecord, *, took_effect: Callable[[], bool] = lambda: False
) -> Iterator[Recording]:
    """Follow a started run to its end. An interruption parks it and raises Parked; errors are recorded and go on.

    `took_effect` says whether an interrupted run has changed its target for good already.
    """
    recording = Recording(run=record)
    with watched() as interrupts:
        try:
            yield recording
        except BaseException as error:
            interrupts.is_ending = True
            if interrupts.seen or isinstance(error, KeyboardInterrupt):
                catalog.park(record.run_id)
                raise _parked(record, after=took_effect()) from None
            if isinstance(error, Red):
                catalog.finish(record.run_id, verdict=Verdict.RED, error=error)
            elif isinstance(error, MigratorError):
                catalog.fail(record.run_id, error)
            elif isinstance(error, OSError):
                catalog.fail(record.run_id, fault_of(error))
            else:
                catalog.fail(record.run_id, MigratorError(f"a bug: {error!r}", next="report it with the run's id"))
            raise
    catalog.finish(record.run_id, verdict=recording.verdict)


def _parked(record: RunRecord, *, after: bool) -> Parked:
    if after:
        return Parked(
            f"{record.kind} interrupted after its commit: the target has changed, the report was not written",
            where=record.run_id,
            next=f"migrator verify {record.of_run or record.run_id} says what the target holds",
        )
    return Parked(
        f"{record.kind} interrupted and parked; nothing of it is visible",
        where=record.run_id,
        next="give the same command again to start it anew",
    )
