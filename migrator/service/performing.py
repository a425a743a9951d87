"""A request becomes a run: recorded, performed step by step, and performed again from where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from migrator.outcomes import Steps, Tick
from migrator.runs.answers import of_found
from migrator.runs.catalog import Catalog
from migrator.runs.interrupts import watched
from migrator.runs.kept import keep
from migrator.runs.liveness.heart import Heart
from migrator.runs.liveness.holds import Hold, Holds, open_holds
from migrator.runs.liveness.reaper import Reaper
from migrator.runs.patience import Patience
from migrator.runs.queued import Queued
from migrator.runs.recorded import Recording, opening, recorded
from migrator.runs.records import RunRecord, taken_over
from migrator.runs.request import Request
from migrator.service.addresses import require_same_place, require_whole
from migrator.service.erasing import Erasing
from storage.archive import Archive
from storage.errors import Fault, Misuse, Parked, Red
from storage.location import open_store
from storage.seal import SigningKeys

if TYPE_CHECKING:
    from migrator.runs.durable import Durable

Result = TypeVar("Result")
_DEATHS = 3  # in a row


def itself(result: object) -> object:
    """The answer of what has no report."""
    return result


def _nothing(_record: RunRecord) -> None:
    """Nothing else is written down."""


@dataclass(frozen=True, kw_only=True)
class Work(Generic[Result]):
    """What a request becomes once its parts are opened: what the catalog says of the run, and how it is performed.

    `perform` sets the verdict; `answer` is what of its result no report says. Of a run that did not come to its end
    `took_effect` says whether its target has changed.
    """

    kind: str
    plan: str
    tenant: str
    perform: Callable[[Recording, Steps], Result]
    answer: Callable[[Result], object] | None = None
    took_effect: Callable[[RunRecord], bool] = lambda _record: False
    store: str | None = None  # what becomes of the run is kept there, beside the archives
    source: str | None = None  # addresses without their passwords
    archive: str | None = None
    target: str | None = None
    seal: str | None = None
    of_run: str | None = None
    plan_file: str | None = None
    waived: str | None = None

    def start(
        self, catalog: Catalog, request: Request, *, state: str = "running", asked_by: str | None = None
    ) -> RunRecord:
        return catalog.start(
            state=state,
            kind=self.kind,
            plan=self.plan,
            tenant=self.tenant,
            source=self.source,
            archive=self.archive,
            target=self.target,
            seal=self.seal,
            of_run=self.of_run,
            plan_file=self.plan_file,
            waived=self.waived,
            asked_by=asked_by,
            request=request,
        )


@dataclass(frozen=True, kw_only=True)
class Performing(Erasing):
    """The way every run goes. `is_detached`: new runs are left to workers, and what `noted` writes down of one stands
    with it, or neither does; `worker`: what this one is called."""

    is_detached: bool = False
    noted: Callable[[RunRecord], None] = _nothing
    worker: str | None = None
    asked_by: str | None = None

    def _begin(self, catalog: Catalog, request: Request, work: Work[Result]) -> tuple[RunRecord, Result]:
        """A new run, to its end; gives its record and what it found. Queued where it is left to a worker."""
        if self.is_detached:
            require_whole(work.source, work.target, work.store)
            with catalog.together():
                record = work.start(catalog, request, state="queued", asked_by=self.asked_by)
                self.noted(record)
            raise Queued(record)
        with closing(self._locks()) as locks:

            def begun(_runs: Durable) -> tuple[RunRecord, Hold]:
                record = work.start(catalog, request, asked_by=self.asked_by)
                return record, self._reaper(catalog, locks).needs_new(record)

            return self._perform(catalog, begun, lambda: work)

    def _readable(self, archive: Archive) -> Archive:
        """What is about to be read, every byte as it was sealed; Red otherwise. A worker is asked, where it is left to
        one: who only asks does not wait for as long as that takes."""
        return archive if self.is_detached else self._whole(archive)

    def _locks(self) -> Holds:
        return open_holds(self.settings.catalog_url, self.settings.run_folder)

    def _reaper(self, catalog: Catalog, locks: Holds) -> Reaper:
        return Reaper(catalog=catalog, holds=locks, patience_s=self.settings.silence_s)

    def _go_on(
        self, catalog: Catalog, record: RunRecord, hold: Hold, opens: Callable[[], Work[Result]]
    ) -> tuple[RunRecord, Result]:
        """The next attempt of a run whose lock is ours; Misuse where somebody else was quicker."""

        def begun(runs: Durable) -> tuple[RunRecord, Hold]:
            taken = catalog.take(record, worker=self.worker, last_step=runs.last(record.run_id))
            if taken.deaths >= _DEATHS and self.worker is not None:
                raise _left(catalog, taken)
            return taken, hold

        def opened() -> Work[Result]:
            work = opens()
            _require_same_tables(record, work)
            return work

        return self._perform(catalog, begun, opened)

    def _perform(
        self,
        catalog: Catalog,
        begun: Callable[[Durable], tuple[RunRecord, Hold]],
        opened: Callable[[], Work[Result]],
    ) -> tuple[RunRecord, Result]:
        from migrator.runs.durable import durable  # slow to import

        self.pace.begin()
        patience = Patience(self.settings.catalog_patience_s)
        # whoever asks to stop while the run is recorded is heard by who can park it
        with durable(self.settings.durable_url) as runs, catalog.patient(patience), watched(is_held=True):
            record, hold = begun(runs)
            heart = self._heart(catalog, record, hold, patience)
            works = list[Work[Result]]()

            def work() -> Work[Result]:
                works.append(opened())
                return works[-1]

            try:
                return self._performed(runs, heart, work)
            except (Parked, Fault) as error:
                if patience.ran_out:
                    raise _cut_off(record, patience) from error
                if isinstance(error, Parked):
                    self._stopped(heart, lambda: any(one.took_effect(record) for one in works))
                raise
            finally:
                hold.release()

    def _heart(self, catalog: Catalog, record: RunRecord, hold: Hold, patience: Patience) -> Heart:
        return Heart(
            catalog=catalog, record=record, hold=hold, pace=self.pace, patience=patience, progress=self.progress
        )

    def _performed(self, runs: Durable, heart: Heart, opened: Callable[[], Work[Result]]) -> tuple[RunRecord, Result]:
        """To its end. Whoever hangs while the run is opened is missed like anybody who performs it."""
        catalog, record = heart.catalog, heart.record
        with opening(catalog, record), heart.beating():
            work = opened()
        with (
            runs.performing(record.run_id, attempt=record.attempt) as steps,
            recorded(
                catalog, record, took_effect=partial(work.took_effect, record), last_step=lambda: steps.last
            ) as recording,
            heart.beating(),
        ):
            result = work.perform(recording, steps)
            if work.answer is not None and record.asked_by is not None:  # who asked is elsewhere, and is told later
                recording.answer = of_found(work.answer(result))
        ended = catalog.run(record.run_id)
        return self._keep_in_store(catalog, ended.run_id, work.store) if work.store else ended, result

    def _stopped(self, heart: Heart, took_effect: Callable[[], bool]) -> None:
        """A run that was interrupted, and not by whoever sits before it. Says so instead of Parked."""
        record = heart.record
        if heart.was_taken_over:
            raise taken_over(record.run_id) from None
        if heart.is_cancelled:
            given_up = replace(record, state="cancelling")
            self._erase(heart.catalog, given_up, heart.hold, took_effect=took_effect)
            raise Parked(
                f"{record.kind} cancelled; nothing is left of it",
                where=record.run_id,
                next="give the command again to start it anew",
            ) from None

    def _keep_in_store(self, catalog: Catalog, run_id: str, store: str) -> RunRecord:
        """Keep what became of a run beside the archives; a store that does not take it costs the run nothing else."""
        record = catalog.run(run_id)
        try:
            keys = SigningKeys.load_or_create(self.settings.keys)
            opened = open_store(store, self.settings.accounts)
            keep(opened, record, catalog.reports(run_id), self._folder(record), keys)
        except (Fault, Misuse, Red) as error:
            self.progress(Tick(step=f"the store does not keep what became of this run: {error}"))
        return record


def _require_same_tables(record: RunRecord, work: Work[Result]) -> None:
    if work.target and not work.took_effect(record):
        require_same_place(record, work.target)
    if work.seal != record.seal:
        raise Red(
            "the target's tables are not as they were when the run began, or an older version began it",
            where=record.run_id,
            next="give the command again: it begins anew, with the tables as they are now",
        )


def _left(catalog: Catalog, record: RunRecord) -> Fault:
    """Nobody goes on by himself with a run that takes every process along."""
    after = f"each after {record.last_step}" if record.last_step else "each before its first step was finished"
    fault = Fault(
        f"{record.deaths} attempts in a row ended with their process, {after}: no worker begins another",
        where=record.run_id,
        next="look for what ended them, on the machines that performed it: memory most likely (the system's log says"
        f" so); then migrator runs resume {record.run_id}, or migrator runs cancel {record.run_id}",
    )
    catalog.fail(record, fault)
    return fault


def _cut_off(record: RunRecord, patience: Patience) -> Fault:
    return Fault(
        f"the catalog was away for {patience.seconds:g} s, and the run was stopped",
        where=record.run_id,
        next=f"when its server answers again, migrator runs resume {record.run_id} goes on, or a worker does;"
        " MIGRATOR_PATIENCE says for how many seconds it is waited for",
    )
