"""The gate before a migration: a rehearsal that is green, young enough and of the same seal, or somebody's word.

A rehearsal of the same seal is one of the same plan, mapping and schemas on either side. The archive may be newer:
on the real night the last snapshot is loaded as soon as it is taken, and the map check of the load looks at its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from migrator.outcomes import Admission, RunReport, SealParts, Verdict
from migrator.runs.records import RunRecord
from storage.errors import Misuse, Red

ReportOf = Callable[[str], RunReport | None]
"""The report of the run of this id, where it lies on this machine."""

_ANSWERED = ("done", "failed")
"""Other states say nothing of the migration: the rehearsal is under way, was interrupted, or was called off."""

_PARTS = {
    "plan": "the plan",
    "mapping": "the mapping",
    "source": "the source's schema",
    "target": "the target's schema",
}


class Why(StrEnum):
    """Why a gate is closed."""

    NEVER = "never"  # nothing was rehearsed to the end
    RED = "red"
    FAILED = "failed"
    CHANGED = "changed"
    OLD = "old"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Open unless `why` says otherwise, and `missing` in words; `rehearsal` is the last one that came to an answer.

    Where something changed since, `changed` are the parts of the seal that did, as far as this machine can tell.
    """

    rehearsal: RunRecord | None
    why: Why | None = None
    missing: str = ""
    changed: tuple[str, ...] = ()

    def admit(self, plan: str, waived: str | None) -> Admission:
        """What the migration of this plan file is let through by. Red where the gate is closed, and not waived."""
        reason = " ".join(waived.split()) if waived is not None else ""
        if waived is not None and not reason:
            raise Misuse(
                "the gate is waived without a reason", where="--waive", next="say why: it stands in the report"
            )
        if self.missing and not reason:
            raise Red(
                f"the gate is closed: {self.missing}; nothing was changed",
                where=self.rehearsal.run_id if self.rehearsal else plan,
                next=f"migrator rehearse {plan}; or do without, for a reason that the report will say: --waive REASON",
            )
        return self.admission(reason)

    def admission(self, waived: str) -> Admission:
        """The same of a migration that was let through, with the reason that is recorded; "" where there is none."""
        if self.rehearsal is None:
            return Admission(waived=waived, missing=self.missing)
        return Admission(
            rehearsal=self.rehearsal.run_id,
            number=self.rehearsal.number,
            rehearsed_at=self.rehearsal.finished_at or "",
            target=self.rehearsal.target or "",
            waived=waived,
            missing=self.missing,
        )


def rehearsals(runs: Iterable[RunRecord], tenant: str, *, by: datetime | None = None) -> tuple[RunRecord, ...]:
    """Of a plan's runs, those rehearsals that came to an answer, `by` a moment; the one that ended last comes first."""
    answered = (run for run in runs if (run.kind, run.tenant) == ("rehearsal", tenant) and run.state in _ANSWERED)
    return tuple(sorted((run for run in answered if by is None or _moment(run) <= by), key=_moment, reverse=True))


def gate(
    rehearsed: Sequence[RunRecord], parts: SealParts, max_age: timedelta, report_of: ReportOf, *, now: datetime
) -> Gate:
    """Whether the first of these rehearsals, which ended last, vouches for a migration of this seal, now."""
    if not rehearsed:
        return Gate(rehearsal=None, why=Why.NEVER, missing="this plan was never rehearsed to the end")
    rehearsal = rehearsed[0]
    called = f"rehearsal {rehearsal.number}"
    if rehearsal.verdict != Verdict.GREEN:
        why = Why.RED if rehearsal.verdict == Verdict.RED else Why.FAILED
        return Gate(rehearsal=rehearsal, why=why, missing=f"{called}, the last one, {_ended(rehearsal)}")
    if rehearsal.seal != parts.seal:
        changed = _changed(report_of(rehearsal.run_id), parts)
        said = " and ".join(_PARTS[name] for name in changed) or "the plan, the mapping or a schema"
        missing = f"{said} changed since {called}, the last one"
        return Gate(rehearsal=rehearsal, why=Why.CHANGED, missing=missing, changed=changed)
    if (age := now - _moment(rehearsal)) > max_age:
        missing = f"{called}, the last one, is {_said(age)} old, and the plan wants one of at most {_said(max_age)}"
        return Gate(rehearsal=rehearsal, why=Why.OLD, missing=missing)
    return Gate(rehearsal=rehearsal)


def _ended(rehearsal: RunRecord) -> str:
    why = f": {rehearsal.error['what']}" if rehearsal.error else ""
    return f"{'is red' if rehearsal.verdict == Verdict.RED else 'failed'}{why}"


def _changed(rehearsed: RunReport | None, parts: SealParts) -> tuple[str, ...]:
    """What of the seal is another one; where the report does not lie here, nobody can tell which."""
    if rehearsed is None or rehearsed.seal_parts is None:
        return ()
    before, now = asdict(rehearsed.seal_parts), asdict(parts)
    return tuple(name for name in _PARTS if before[name] != now[name])


def _moment(rehearsal: RunRecord) -> datetime:
    return datetime.fromisoformat(rehearsal.finished_at or rehearsal.started_at).astimezone(UTC)


def _said(age: timedelta) -> str:
    hours = age // timedelta(hours=1)
    amount, unit = (hours // 24, "day") if hours >= 48 else (hours, "hour")
    return f"{amount} {unit}" if amount == 1 else f"{amount} {unit}s"
