"""A request becomes a run: recorded, performed step by step, and performed again from where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from migrator.outcomes import Steps, Tick
from migrator.runs.catalog import Catalog
from migrator.runs.kept import keep
from migrator.runs.recorded import Recording, recorded
from migrator.runs.records import RunRecord
from migrator.runs.request import Request
from migrator.service.opening import Opening
from storage.errors import Fault, Misuse, Red
from storage.location import open_store
from storage.seal import SigningKeys

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Work(Generic[Result]):
    """What a request becomes once its parts are opened: what the catalog says of the run, and how it is performed.

    `perform` sets the verdict. Of a run that did not come to its end `took_effect` says whether its target has changed.
    """

    kind: str
    plan: str
    tenant: str
    perform: Callable[[Recording, Steps], Result]
    took_effect: Callable[[RunRecord], bool] = lambda _record: False
    store: str | None = None  # what becomes of the run is kept there, beside the archives
    source: str | None = None  # addresses without their passwords
    archive: str | None = None
    target: str | None = None
    seal: str | None = None
    of_run: str | None = None
    plan_file: str | None = None
    waived: str | None = None

    def start(self, catalog: Catalog, request: Request) -> RunRecord:
        return catalog.start(
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
            request=request,
        )


@dataclass(frozen=True, kw_only=True)
class Performing(Opening):
    """The way every run goes."""

    def _begin(self, catalog: Catalog, request: Request, work: Work[Result]) -> tuple[RunRecord, Result]:
        """A new run, to its end; gives its record and what it found."""
        return self._perform(catalog, work, lambda: work.start(catalog, request))

    def _go_on(self, catalog: Catalog, record: RunRecord, work: Work[Result]) -> tuple[RunRecord, Result]:
        """The next attempt of a run that did not come to its end; Misuse where somebody else was quicker."""
        if work.seal != record.seal:
            raise Red(
                "the target's tables are not as they were when the run began",
                where=record.run_id,
                next="give the command again: it begins anew, with the tables as they are now",
            )
        return self._perform(catalog, work, lambda: catalog.take(record))

    def _perform(
        self, catalog: Catalog, work: Work[Result], begun: Callable[[], RunRecord]
    ) -> tuple[RunRecord, Result]:
        from migrator.runs.durable import durable  # slow to import

        with durable(self.settings.durable_url) as runs:
            record = begun()
            with (
                runs.performing(record.run_id, attempt=record.attempt) as steps,
                recorded(
                    catalog, record, took_effect=partial(work.took_effect, record), last_step=lambda: steps.last
                ) as recording,
            ):
                result = work.perform(recording, steps)
        ended = catalog.run(record.run_id)
        return self._keep_in_store(catalog, ended.run_id, work.store) if work.store else ended, result

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
