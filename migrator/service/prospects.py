"""What lies ahead, by what was measured: the rehearsals of a plan one after the other, and what a decision leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migrator.outcomes import Forecast, RehearsalBefore, StepTiming
from migrator.runs.gate import rehearsals
from migrator.runs.portion import Portion
from migrator.runs.records import ArchiveRecord, RunRecord
from migrator.runs.rehearsals import scaled
from migrator.service.evidence import Evidence
from storage.location import split_archive

MOST = 12
"""Rehearsals that a trend shows, and as many migrations."""
_LOOKED_AT = 100  # runs: those that are under way or were given up are not counted


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A rehearsal or migration that came to its end. `forecast` is what a rehearsal says a migration takes, and of a
    migration what was said of it, beside what it took."""

    run: str
    kind: str
    number: int
    verdict: str | None
    finished_at: str | None
    asked_by: str | None
    error: str | None = None
    rows: int = 0
    timings: tuple[StepTiming, ...] = ()
    forecast: Forecast | None = None
    before: RehearsalBefore | None = None


@dataclass(frozen=True, kw_only=True)
class Trend:
    """The last of each, oldest first."""

    rehearsals: tuple[Tried, ...]
    migrations: tuple[Tried, ...]


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """What is known of what begins when somebody agrees: of a migration the `archive`, the last `rehearsal` and its
    forecast for so many rows; of what is done with a `load` that one, how many `rows` it wrote, and who last verified
    it."""

    archive: ArchiveRecord | None = None
    rehearsal: RunRecord | None = None
    forecast: Forecast | None = None
    is_same_seal: bool | None = None
    load: RunRecord | None = None
    rows: int = 0
    verification: RunRecord | None = None
    different: int | None = None  # rows that were not as the load left them


@dataclass(frozen=True, kw_only=True)
class Prospects(Evidence):
    """Nothing here asks a platform."""

    def trend(self, tenant: str, plan: str) -> Trend:
        """How the rehearsals and migrations of a plan went, one after the other."""
        return Trend(
            rehearsals=self._tried(tenant, plan, "rehearsal"), migrations=self._tried(tenant, plan, "migration")
        )

    def _tried(self, tenant: str, plan: str, kind: str) -> tuple[Tried, ...]:
        newest = Portion(tenants=frozenset({tenant}), most=_LOOKED_AT, is_backwards=True)
        ended = [run for run in self.runs(plan=plan, kind=kind, portion=newest) if run.state in ("done", "failed")]
        return tuple(map(self._tried_once, reversed(ended[:MOST])))

    def _tried_once(self, run: RunRecord) -> Tried:
        report = self._report_of(run.run_id)
        return Tried(
            run=run.run_id,
            kind=run.kind,
            number=run.number,
            verdict=run.verdict,
            finished_at=run.finished_at,
            asked_by=run.asked_by,
            error=run.error["what"] if run.error else None,
            rows=sum(equation.archive for equation in report.equations) if report else 0,
            timings=report.timings if report else (),
            forecast=report.forecast if report else None,
            before=report.rehearsal_before if report else None,
        )

    def of_migration(self, tenant: str, plan: str, asked: Mapping[str, Any], seal: str | None) -> Prospect:
        """Of a load of that archive by the plan."""
        newest = Portion(tenants=frozenset({tenant}), most=_LOOKED_AT, is_backwards=True)
        runs = self.runs(plan=plan, kind="rehearsal", portion=newest)
        last = next(iter(rehearsals(runs, tenant)), None)
        archive = self.find_archive(split_archive(asked["archive"])[1])
        report = self._report_of(last.run_id) if last else None
        found = report.forecast if report else None
        return Prospect(
            archive=archive,
            rehearsal=last,
            forecast=scaled(found, archive.rows) if found and archive else found,
            is_same_seal=last.seal == seal if last and seal else None,
        )

    def of_load(self, run_id: str) -> Prospect:
        """Of what is done with a load that was made."""
        load = self.load_of(run_id)
        report, verification = self._report_of(load.run_id), self._verified(load)
        told = self._report_of(verification.run_id) if verification else None
        return Prospect(
            archive=self.archive_of_run(load),
            load=load,
            forecast=report.forecast if report else None,
            rows=sum(edge.loaded + edge.merged for edge in report.equations) if report else 0,
            verification=verification,
            different=told.verification.different if told and told.verification else None,
        )
