"""What rehearsals are for: what the migration will take, and what differs from the rehearsal before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from migrator.engine.load import AFTERWARDS, MERGING, UNDOING
from migrator.engine.revert import TAKING_BACK
from migrator.outcomes import (
    Change,
    Forecast,
    RehearsalBefore,
    RunReport,
    SlowerStep,
    StepTiming,
)

_COUNTS = ("archive", "loaded", "merged", "kept", "rejected", "excluded")
_SLOWER, _LEAST_S = 1.2, 1.0
"""A step is told from a fifth more time a row, and a second in all: less is what machines do by themselves."""


# ── forecast ────────────────────────────────────────────────────────────────────────────────────────────────
def forecast(report: RunReport, rows: int, rollback: RunReport | None = None) -> Forecast:
    """Of the migration that this rehearsal of so many archived rows rehearses; `rollback` is of an earlier load."""
    seconds = sum(timing.seconds for timing in report.timings if timing.step not in AFTERWARDS)
    found = Forecast(
        rows=rows,
        seconds=round(seconds, 3),
        lock_seconds=_seconds(report.timings, MERGING),
        rollback_seconds=_seconds(report.timings, UNDOING),
        basis=f"as rehearsal {report.number} measured it on {report.target}",
    )
    return _with_way_back(found, report, rollback) if rollback else found


def is_measured(rollback: RunReport) -> bool:
    """Whether this rollback says how long taking rows back takes."""
    return bool(_seconds(rollback.timings, TAKING_BACK) and rollback.rollback and rollback.rollback["reversed"])


def _with_way_back(found: Forecast, report: RunReport, rollback: RunReport) -> Forecast:
    """By the rows that go back: those of the load, not of its archive."""
    taken_back = (rollback.rollback or {})["reversed"]
    loaded = sum(edge.loaded for edge in report.equations)
    return replace(
        found,
        way_back_seconds=round(_seconds(rollback.timings, TAKING_BACK) * loaded / taken_back, 3),
        way_back_basis=f"as rollback {rollback.number} took {taken_back} rows back on {rollback.target}",
    )


def scaled(found: Forecast, rows: int) -> Forecast:
    """The same for another archive, which has so many rows."""
    if rows == found.rows or not found.rows:
        return found
    share = rows / found.rows
    return replace(
        found,
        rows=rows,
        seconds=round(found.seconds * share, 3),
        lock_seconds=round(found.lock_seconds * share, 3),
        rollback_seconds=round(found.rollback_seconds * share, 3),
        way_back_seconds=None if found.way_back_seconds is None else round(found.way_back_seconds * share, 3),
        basis=f"{found.basis}, for {found.rows} rows",
    )


def held_against(found: Forecast, timings: Iterable[StepTiming]) -> Forecast:
    """The forecast beside what a migration of these timings took."""
    timings = tuple(timings)
    took = round(sum(timing.seconds for timing in timings), 3)
    return replace(found, took_seconds=took, took_lock_seconds=_seconds(timings, MERGING))


def _seconds(timings: Iterable[StepTiming], step: str) -> float:
    """Of the last of that name: an attempt that was given up for others says nothing."""
    return next((timing.seconds for timing in reversed(tuple(timings)) if timing.step == step), 0.0)


# ── the rehearsal before ────────────────────────────────────────────────────────────────────────────────────
def compared(report: RunReport, before: RunReport) -> RehearsalBefore:
    """How this rehearsal differs from the one before it."""
    was, is_ = _facts(before), _facts(report)
    changes = (
        Change(what=what, before=was.get(what, ""), now=is_.get(what, "")) for what in dict.fromkeys((*was, *is_))
    )
    return RehearsalBefore(
        run=before.run,
        number=before.number,
        verdict=before.verdict,
        finished_at=before.finished_at,
        changes=tuple(change for change in changes if change.before != change.now),
        slower=tuple(_slower(before.timings, report.timings)),
    )


def _facts(report: RunReport) -> Mapping[str, str]:
    """What two rehearsals may say differently, by what a person calls it."""
    parts = report.seal_parts
    seal = (
        {"plan": parts.plan, "mapping": parts.mapping, "source": parts.source, "target": parts.target} if parts else {}
    )
    found = {
        "verdict": report.verdict.value,
        "archive": report.archive,
        "target": report.target,
        "seal: plan": seal.get("plan", ""),
        "seal: mapping": seal.get("mapping", ""),
        "seal: source's schema": seal.get("source", ""),
        "seal: target's schema": seal.get("target", ""),
        "problems": str(sum(problem.count for problem in report.problems)),
        "rows that differ": str(report.verification.different if report.verification else ""),
    }
    for edge in report.equations:
        found |= {f"{edge.source} → {edge.target}, {name}": str(getattr(edge, name)) for name in _COUNTS}
    for column in report.columns:
        found[f"column {column.table}.{column.column}"] = " ".join(
            said for said in (column.fate, column.target, column.how) if said
        )
    return found


def _slower(before: Iterable[StepTiming], now: Iterable[StepTiming]) -> Iterator[SlowerStep]:
    known = {timing.step: timing for timing in before}
    for timing in now:
        was = known.get(timing.step)
        if was is None or timing.seconds - was.seconds * _more_rows(was, timing) < _LEAST_S:
            continue
        if timing.seconds > _SLOWER * was.seconds * _more_rows(was, timing):
            yield SlowerStep(
                step=timing.step,
                before_seconds=was.seconds,
                seconds=timing.seconds,
                before_rows=was.rows,
                rows=timing.rows,
            )


def _more_rows(before: StepTiming, now: StepTiming) -> float:
    return now.rows / before.rows if before.rows and now.rows else 1.0
