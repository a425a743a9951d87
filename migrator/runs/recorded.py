"""One run, recorded whatever becomes of it: done with its verdict, failed with its reason, or parked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from migrator.outcomes import Verdict
from migrator.runs.catalog import Catalog
from migrator.runs.interrupts import Interrupts, watched
from migrator.runs.records import RunRecord
from storage.errors import Fault, MigratorError, Misuse, Parked, Red
from storage.system import fault_of


@dataclass(kw_only=True)
class Recording:
    """The run under way; set `verdict` before leaving the context."""

    run: RunRecord
    verdict: Verdict | None = field(default=None)
    interrupts: Interrupts = field(default_factory=Interrupts, repr=False)

    def settle(self) -> None:
        """What the run was for is there for good: to stop now is to come too late, and the run ends as done."""
        self.interrupts.is_ending = True


@contextmanager
def recorded(
    catalog: Catalog,
    record: RunRecord,
    *,
    took_effect: Callable[[], bool] = lambda: False,
) -> Iterator[Recording]:
    """Follow a started run to its end. An interruption parks it and raises Parked; errors are recorded and go on.

    `took_effect` says whether a run that did not come to its end has changed its target for good already; where the
    target cannot be asked, that is told.
    """
    with watched() as interrupts:
        recording = Recording(run=record, interrupts=interrupts)
        try:
            yield recording
            interrupts.is_ending = True
            catalog.finish(record, verdict=recording.verdict)
        except BaseException as error:
            interrupts.is_ending = True
            if interrupts.seen or isinstance(error, KeyboardInterrupt):
                with suppress(Fault):
                    catalog.park(record)
                raise _parked(record, after=_asked(took_effect)) from None
            told = _told(error)
            with suppress(Fault):  # the first error is the one to tell, also where the catalog cannot take it
                _end(catalog, record, told)
            # a misuse is refused before anything is done: what took effect meanwhile was somebody else's doing
            after = False if isinstance(told, Misuse) else _asked(took_effect)
            if after is not False:
                raise _perhaps_committed(record, told, after=after) from error
            raise


def _asked(took_effect: Callable[[], bool]) -> bool | None:
    """None where the target does not answer: whoever lost a connection may have lost the answer to a commit."""
    try:
        return took_effect()
    except MigratorError:
        return None


def _told(error: BaseException) -> MigratorError:
    if isinstance(error, MigratorError):
        return error
    if isinstance(error, OSError):
        return fault_of(error)
    return MigratorError(f"a bug: {error!r}", next="report it with the run's id")


def _end(catalog: Catalog, record: RunRecord, error: MigratorError) -> None:
    if isinstance(error, Red):
        catalog.finish(record, verdict=Verdict.RED, error=error)
    else:
        catalog.fail(record, error)


def _perhaps_committed(record: RunRecord, error: MigratorError, *, after: bool | None) -> Fault:
    if after is None:
        return Fault(
            f"{error.what}; whether the {record.kind} was committed before, the target does not answer",
            where=error.where,
            next=f"when it answers again, migrator verify {record.of_run or record.run_id} says what it holds",
        )
    return Fault(
        f"the {record.kind} was committed, but could not be finished: {error.what}",
        where=error.where,
        next=f"the target has changed: migrator verify {record.of_run or record.run_id} says what it holds",
    )


def _parked(record: RunRecord, *, after: bool | None) -> Parked:
    if after is None:
        return Parked(
            f"{record.kind} interrupted; whether it was committed before, the target does not answer",
            where=record.run_id,
            next=f"when it answers again, migrator verify {record.of_run or record.run_id} says what it holds",
        )
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
