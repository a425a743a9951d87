"""How fast the plan's own runs were: what the next one will probably take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from migrator.engine.doctor import Rate, Rates
from migrator.engine.load import MERGING
from migrator.outcomes import RunReport, Verdict
from migrator.runs.catalog import Catalog
from migrator.runs.records import ArchiveRecord, RunRecord

_LEAST_ROWS = 10_000
_LOADS = ("migration", "rehearsal")


def rates(catalog: Catalog, plan: str, report_of: Callable[[RunRecord], RunReport | None]) -> Rates:
    """The rates of the newest green runs of this plan; as documented where there is none."""
    found, archives = Rates(), catalog.archives()
    done = [run for run in catalog.runs(plan=plan) if run.verdict == Verdict.GREEN and run.finished_at is not None]
    for run in done:  # oldest first: the newest has the last word
        if run.kind == "snapshot" and _is_timed(run) and (archive := _taken_by(run, archives)):
            found = replace(found, snapshot=_rate(archive.rows, run, found.snapshot))
        if run.kind in _LOADS and (archive := _loaded_by(run, archives)):
            if _is_timed(run):
                found = replace(found, load=_rate(archive.rows, run, found.load))
            found = replace(found, merge=_merging(run, report_of(run), found.merge))
    return found


def _is_timed(run: RunRecord) -> bool:
    """Whether it was at work from its beginning to its end: not of one that waited for a worker, or was resumed."""
    return run.attempt == 1 and run.worker is None


def _taken_by(run: RunRecord, archives: Sequence[ArchiveRecord]) -> ArchiveRecord | None:
    """The archive made while the snapshot ran."""
    begun, ended = _moments(run)
    own = (archive for archive in archives if (archive.plan, archive.tenant) == (run.plan, run.tenant))
    return next((one for one in own if begun <= datetime.fromisoformat(one.created_at) <= ended), None)


def _loaded_by(run: RunRecord, archives: Sequence[ArchiveRecord]) -> ArchiveRecord | None:
    return next((archive for archive in archives if archive.location == run.archive), None)


def _rate(rows: int, run: RunRecord, otherwise: Rate) -> Rate:
    begun, ended = _moments(run)
    return _measured(rows, (ended - begun).total_seconds(), run) or otherwise


def _merging(run: RunRecord, report: RunReport | None, otherwise: Rate) -> Rate:
    for timing in report.timings if report else ():
        if timing.step == MERGING:
            return _measured(timing.rows, timing.seconds, run) or otherwise
    return otherwise


def _measured(rows: int, seconds: float, run: RunRecord) -> Rate | None:
    """None where there was too little to measure: what a run takes to start would pass for its speed."""
    if rows < _LEAST_ROWS or seconds <= 0:
        return None
    return Rate(rows_per_second=rows / seconds, basis=f"as run {run.run_id} measured it")


def _moments(run: RunRecord) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(run.started_at), datetime.fromisoformat(run.finished_at or run.started_at)
