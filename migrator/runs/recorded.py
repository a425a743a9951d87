"""One run, recorded whatever becomes of it: done with its verdict, failed with its reason, or parked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from migrator.outcomes import Verdict
from migrator.runs.catalog import Catalog
from migrator.runs.interrupts import Interrupts, watched
from migrator.runs.records import RunRecord
from storage.errors import Fault, MigratorError, Misuse, Parked, Red
from storage.system import fault_of


@dataclass(kw_only=True)
class Recording:
    """The run under way; set `verdict` before leaving the context, and `answer` where it has one (`runs.answers`)."""

    run: RunRecord
    verdict: Verdict | None = field(default=None)
    answer: dict[str, Any] | None = field(default=None, repr=False)
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
    last_step: Callable[[], str | None] | None = None,
) -> Iterator[Recording]:
    """Follow a started run to its end. An interruption parks it and raises Parked; errors are recorded and go on.

    `took_effect` says whether a run that did not come to its end has changed its target for good already; where the
    target cannot be asked, that is told. `last_step` names what is finished for good, if anything is; a run without it
    cannot be resumed.
    """
    with watched(is_held=True) as interrupts:
        recording = Recording(run=record, interrupts=interrupts)
        try:
            interrupts.heed()
            yield recording
            interrupts.is_ending = True
            catalog.finish(record, verdict=recording.verdict, answer=recording.answer)
        except BaseException as error:
            interrupts.is_ending = True
            way = _Way(record=record, last_step=last_step() if last_step else None, is_resumable=last_step is not None)
            if interrupts.seen or isinstance(error, KeyboardInterrupt):
                with suppress(Fault):
                    catalog.park(record)
                raise _parked(way, after=_asked(took_effect)) from None
            told = _told(error)
            with suppress(Fault):  # the first error is the one to tell, also where the catalog cannot take it
                _end(catalog, record, told)
            # a misuse is refused before anything is done: what took effect meanwhile was somebody else's doing
            after = False if isinstance(told, Misuse) else _asked(took_effect)
            if after is not False:
                raise _perhaps_committed(way, told, after=after) from error
            if isinstance(error, Fault) and way.last_step:
                error.next = f"{error.next}; once that is mended, {way.on}"
            raise


@contextmanager
def opening(catalog: Catalog, record: RunRecord) -> Iterator[None]:
    """Make ready for the next attempt of a run. What refuses that is no answer: the run failed, and can be resumed."""
    with watched(is_held=True) as interrupts:
        try:
            interrupts.heed()
            yield
        except BaseException as error:
            interrupts.is_ending = True
            is_stopped = interrupts.seen or isinstance(error, KeyboardInterrupt)
            with suppress(Fault):
                catalog.park(record) if is_stopped else catalog.fail(record, _told(error))
            if is_stopped:
                raise _parked(_Way(record=record, last_step=record.last_step, is_resumable=True), after=False) from None
            raise


@dataclass(frozen=True, kw_only=True)
class _Way:
    """What a person can do about a run that did not come to its end."""

    record: RunRecord
    last_step: str | None
    is_resumable: bool

    @property
    def on(self) -> str:
        if not self.is_resumable:
            return "give the same command again to start it anew"
        goes_on = f"goes on after {self.last_step}" if self.last_step else "performs it"
        return f"migrator runs resume {self.record.run_id} {goes_on}"

    @property
    def to_the_end(self) -> str:
        """Of a run that has changed its target: to finish it, and to look meanwhile."""
        if self.record.kind == "restore":
            return self.on
        verifies = f"migrator verify {self.record.of_run or self.record.run_id} says what the target holds"
        return f"{self.on}; {verifies}" if self.is_resumable else verifies


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


def _perhaps_committed(way: _Way, error: MigratorError, *, after: bool | None) -> Fault:
    kind = way.record.kind
    if after is None:
        return Fault(
            f"{error.what}; whether the {kind} was committed before, the target does not answer",
            where=error.where,
            next=f"when it answers again, {way.to_the_end}",
        )
    return Fault(
        f"the {kind} was committed, but could not be finished: {error.what}",
        where=error.where,
        next=f"the target has changed: {way.to_the_end}",
    )


def _parked(way: _Way, *, after: bool | None) -> Parked:
    kind, run_id = way.record.kind, way.record.run_id
    if after is None:
        return Parked(
            f"{kind} interrupted; whether it was committed before, the target does not answer",
            where=run_id,
            next=f"when it answers again, {way.to_the_end}",
        )
    if after:
        return Parked(
            f"{kind} interrupted after its commit: the target has changed, the report was not written",
            where=run_id,
            next=way.to_the_end,
        )
    return Parked(f"{kind} interrupted and parked; nothing of it is visible", where=run_id, next=way.on)
