"""What a report says of rehearsals: what let a migration through, what it was to take, what differs from before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrator.outcomes import Forecast, RunReport, SlowerStep
from storage.quantity import said_duration


@dataclass(frozen=True, kw_only=True)
class Told:
    """One thing, under its name in both languages."""

    english: str
    french: str
    value: str


def is_unrehearsed(report: RunReport) -> bool:
    """Whether the migration was let through by nothing but somebody's word."""
    return report.admission is not None and bool(report.admission.missing)


def waiver(report: RunReport) -> tuple[Told, ...]:
    """For the first page: that no rehearsal vouches for the migration, and the reason somebody gave."""
    found = report.admission
    if found is None or not found.waived:
        return ()
    return (
        Told(english="Rehearsal waived", french="répétition dispensée", value=found.waived),
        Told(
            english="What was missing",
            french="ce qui manquait",
            value=found.missing or "nothing: the gate was open",
        ),
    )


def let_through(report: RunReport) -> str:
    """The rehearsal that vouches for the migration, in words; "" where none does."""
    found = report.admission
    if found is None or not found.rehearsal or found.missing:
        return ""
    return f"rehearsal {found.number} ({found.rehearsal}), ended {found.rehearsed_at}, on {found.target}"


def forecast(report: RunReport) -> Iterator[Told]:
    """The forecast, and after a migration how far it was off."""
    found = report.forecast
    if found is None:
        return
    yield Told(english="Migration", french="migration", value=_beside(found.seconds, found.took_seconds))
    yield Told(english="Locks held", french="verrous tenus", value=_beside(found.lock_seconds, found.took_lock_seconds))
    yield Told(
        english="Undone before the commit in",
        french="annulée avant validation en",
        value=said_duration(found.rollback_seconds),
    )
    yield Told(english="Taken back after the commit in", french="reprise après validation en", value=_way_back(found))
    yield Told(english="For", french="pour", value=f"{found.rows:,} archived rows, {found.basis}")


def slower(step: SlowerStep) -> str:
    """A step that takes longer than before, in words."""
    before = f"{said_duration(step.before_seconds)} for {step.before_rows:,} rows"
    return f"{before}, now {said_duration(step.seconds)} for {step.rows:,}"


def shortly(found: Forecast) -> str:
    """The forecast in a line."""
    return (
        f"the migration takes about {said_duration(found.seconds)},"
        f" {said_duration(found.lock_seconds)} of it with locks held"
    )


def _way_back(found: Forecast) -> str:
    if found.way_back_seconds is None:
        return "not measured: no load of this plan was taken back yet"
    return f"{said_duration(found.way_back_seconds)}, {found.way_back_basis}"


def _beside(forecast: float, took: float | None) -> str:
    if took is None:
        return said_duration(forecast)
    return f"forecast {said_duration(forecast)}, took {said_duration(took)}: {off(forecast, took)}"


def off(forecast: float, took: float) -> str:
    """How far a forecast was off."""
    share = f" ({(took - forecast) / forecast:+.0%})" if forecast else ""
    return f"{said_duration(abs(took - forecast))} {'longer' if took >= forecast else 'shorter'} than forecast{share}"
