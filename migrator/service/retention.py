"""What a plan's retention makes of the archives and runs it has: said first, and done where somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial

from mappings.nearest import nearest
from migrator.outcomes import Verdict
from migrator.plan import Plan, Retention
from migrator.runs.catalog import Catalog
from migrator.runs.pruning import Policy, Pruning
from migrator.runs.recorded import recorded
from migrator.runs.records import RunRecord
from migrator.runs.retaining import Retaining, retaining
from migrator.service.housekeeping import Housekeeping
from storage.address import below, split
from storage.archive import Archive, ArchiveSummary, list_archives
from storage.errors import MigratorError, Misuse
from storage.objects import ObjectStore
from storage.removal import remove_archive

_OVER = ("done", "cancelled")
_READING = ("rehearsal", "migration", "verification", "restore")

Standing = Callable[[], Mapping[str, str]]
"""Loads that stand in a target, and the id of the archive of each."""


@dataclass(frozen=True, kw_only=True)
class Retained:
    """What goes of each, and what stays though it is old; `runs` is None where the plan keeps all of them."""

    store: str
    archives: Retaining
    runs: Pruning | None


@dataclass(frozen=True, kw_only=True)
class Keeping(Housekeeping):
    """Retention."""

    def retain(self, plan: Plan, *, apply: bool) -> Retained:
        """What of this plan's archives and runs goes by its retention; it does go where that is to be applied.

        Misuse where the plan states none, or holds an archive that is not there.
        """
        policy, store = plan.needs_retention(), self._store(plan)
        own = [one for one in list_archives(store) if (one.tenant, one.plan) == (plan.tenant, plan.name)]
        _require_held(plan, policy, own)
        with self._catalog() as catalog:
            runs = self._pruned_of(catalog, plan, policy, apply=apply)
            going = {run.run_id for run in runs.goes} if runs else set()
            left = [run for run in catalog.runs() if run.run_id not in going]
            archives = self._archives_of(plan, policy, store, own, left)
            for archive in archives.goes if apply else ():
                self._remove(catalog, plan, store, archive)
        return Retained(store=store.url, archives=archives, runs=runs)

    def _pruned_of(self, catalog: Catalog, plan: Plan, policy: Retention, *, apply: bool) -> Pruning | None:
        if policy.runs is None:
            return None
        of_plan = [run for run in catalog.runs(plan=plan.name) if run.tenant == plan.tenant]
        found = Policy(keep=policy.keep, days=policy.runs / timedelta(days=1))
        return self._pruned(catalog, of_plan, found, apply=apply)

    def _archives_of(
        self,
        plan: Plan,
        policy: Retention,
        store: ObjectStore,
        own: Sequence[ArchiveSummary],
        runs: Sequence[RunRecord],
    ) -> Retaining:
        if policy.archives is None:
            return Retaining(young=len(own))
        asked = partial(self._archive_needed, policy, store, runs, cache(partial(self._standing, plan)))
        return retaining(own, keep=policy.keep, age=policy.archives, now=datetime.now(UTC), needed=asked)

    def _archive_needed(
        self,
        policy: Retention,
        store: ObjectStore,
        runs: Sequence[RunRecord],
        standing: Standing,
        archive: ArchiveSummary,
    ) -> str | None:
        """Why an archive stays all the same. A folder may have been renamed: its own id counts, too."""
        if archive.archive_id in policy.hold:
            return f"it is held: {policy.hold[archive.archive_id]}"
        try:
            ids = {archive.archive_id, Archive.open(store, archive.archive_id).identity.archive_id}
            loads = standing()
        except MigratorError as error:
            return f"whether it is needed cannot be asked: {error.what}"
        for load, of in loads.items():
            if of in ids:
                return f"the load {load} of it stands: take it back, or accept it with migrator runs close {load}"
        for run in (run for run in runs if split(run.archive or "")[1] in ids):
            if because := self._run_needs(run):
                return because
        return None

    def _run_needs(self, run: RunRecord) -> str | None:
        if run.kind == "migration" and (because := self._needed(run)):
            return f"{run.run_id} loaded it, and {because}"
        if run.kind not in _READING or run.state in _OVER:
            return None
        return f"{run.run_id} is {run.state}, and reads it when it goes on: let it end, or cancel it"

    def _standing(self, plan: Plan) -> dict[str, str]:
        """The loads that the plan's target holds and nobody accepted, and the archive of each."""
        if plan.target is None:
            return {}
        markers = self.targets(plan.target.url).markers()
        return {one.run: split(one.archive)[1] for one in markers if one.closed_at is None}

    def _remove(self, catalog: Catalog, plan: Plan, store: ObjectStore, archive: ArchiveSummary) -> None:
        """A run of its own, which says when it went and by which plan."""
        location = below(store.url, archive.archive_id)
        record = catalog.start(
            kind="removal", plan=plan.name, tenant=plan.tenant, archive=location, plan_file=plan.file
        )
        with recorded(catalog, record) as recording:
            self._folder(record).keep_plan(plan)
            catalog.forget_archive(location)  # first: an archive that is in no catalog is found in its store
            remove_archive(store, archive.archive_id)
            recording.verdict = Verdict.GREEN
        self._keep_in_store(catalog, record.run_id, self._store_of(plan))


def _require_held(plan: Plan, policy: Retention, own: Sequence[ArchiveSummary]) -> None:
    """A hold that holds nothing is a typing error, and what was meant would go."""
    ids = [archive.archive_id for archive in own]
    for archive in policy.hold:
        if archive not in ids:
            raise Misuse(
                f"retention.hold names {archive!r}, and the plan has no such archive: nothing was removed",
                where=policy.lines.get(archive, plan.file),
                next=nearest(archive, ids),
            )
