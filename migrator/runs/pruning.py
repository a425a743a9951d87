"""Which runs nothing needs any more, and why the others stay. It decides; whoever asked removes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from migrator.runs.records import RunRecord

_ENDED = ("done", "failed", "cancelled")
_TELL_OF_A_LOAD = ("rollback", "closing")
"""Their records say what became of a load: they go with the load's own, and not before."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A run stays while it is among the newest `keep` of its plan and kind, or ended less than `days` ago.

    At least one stays: the next one is numbered after it, and a migration is let through by the last rehearsal.
    """

    keep: int = 10
    days: float = 90


@dataclass(frozen=True, kw_only=True)
class Stays:
    """A run that is old enough to go and stays all the same."""

    run: RunRecord
    because: str


@dataclass(frozen=True, kw_only=True)
class Pruning:
    """What a policy makes of every run there is; `young` counts those it does not reach."""

    goes: tuple[RunRecord, ...]
    stays: tuple[Stays, ...]
    young: int


def pruning(
    runs: Sequence[RunRecord], policy: Policy, now: datetime, needed: Callable[[RunRecord], str | None]
) -> Pruning:
    """Apply the policy. `needed` says why a run that ended must stay all the same, else None; asked of the old."""
    old = [run for run in _beyond(runs, policy.keep) if _is_before(run, now - timedelta(days=policy.days))]
    stays = {run.run_id: because for run in old if (because := _held(run, needed))}
    while found := dict(_tied(runs, {run.run_id for run in old} - set(stays))):
        stays |= found
    return Pruning(
        goes=tuple(run for run in old if run.run_id not in stays),
        stays=tuple(Stays(run=run, because=stays[run.run_id]) for run in old if run.run_id in stays),
        young=len(runs) - len(old),
    )


def _beyond(runs: Sequence[RunRecord], keep: int) -> Iterator[RunRecord]:
    """All but the newest of each plan and kind."""
    numbers = defaultdict[tuple[str, str], list[int]](list)
    for run in runs:
        numbers[run.plan, run.kind].append(run.number)
    newest = {of: set(sorted(known)[-max(keep, 1) :]) for of, known in numbers.items()}
    yield from (run for run in runs if run.number not in newest[run.plan, run.kind])


def _is_before(run: RunRecord, moment: datetime) -> bool:
    return datetime.fromisoformat(run.finished_at or run.started_at) < moment


def _held(run: RunRecord, needed: Callable[[RunRecord], str | None]) -> str | None:
    if run.state not in _ENDED:
        return f"it is {run.state}: let it end, or cancel it"
    return needed(run)


def _tied(runs: Sequence[RunRecord], going: set[str]) -> Iterator[tuple[str, str]]:
    """Those of `going` that cannot go without another that stays, and why."""
    known = {run.run_id for run in runs}
    for run in runs:
        of = run.of_run
        if of in going and run.run_id not in going:
            yield of, f"{run.run_id} refers to it, and stays"
        elif run.run_id in going and run.kind in _TELL_OF_A_LOAD and of in known - going:
            yield run.run_id, f"it says what became of {of}, which stays"
