"""What comes next for each plan of a tenant, by what has happened, and who must do or decide it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from migrator.access.accounts import Account
from migrator.access.approvals import Approval
from migrator.access.roles import Permission, Role
from migrator.outcomes import Verdict
from migrator.runs.records import UNDER_WAY, ArchiveRecord, RunRecord
from migrator.service.served import ERASE, MIGRATE, ROLL_BACK

_STEPS = ("snapshot", "rehearsal", "migration")
_DECIDED = (MIGRATE, ROLL_BACK, ERASE)
_STOPPED = ("failed", "parked", "lost")


class Stage(StrEnum):
    """How far a plan is."""

    NOTHING = "nothing"  # nothing was taken by it yet
    TAKEN = "taken"  # there is an archive, and no rehearsal of it
    WORKING = "working"  # a run is under way
    STOPPED = "stopped"  # the last one stopped on its way
    RED = "red"  # the last rehearsal found something wrong
    REHEARSED = "rehearsed"  # it can be asked for
    ASKED = "asked"  # somebody must agree
    MIGRATED = "migrated"
    DOUBTED = "doubted"  # migrated, and not as it should be
    TAKEN_BACK = "taken back"
    ACCEPTED = "accepted"  # for good


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """`run` is the one that the stage is about, `approval` what is waited for, `load` the migration that stands."""

    plan: str
    stage: Stage
    run: RunRecord | None = None
    approval: Approval | None = None
    load: RunRecord | None = None


def ahead(
    plan: str, runs: Sequence[RunRecord], archives: Iterable[ArchiveRecord], waiting: Iterable[Approval]
) -> Ahead:
    """Of a plan, by its runs (oldest first), its archives and what is waited for."""
    own = [run for run in runs if run.plan == plan and run.state != "cancelled"]
    loaded = _last(own, "migration", states=("done",))
    since = [run for run in own if loaded is None or run.started_at > loaded.started_at]
    undone = loaded and next((run for run in since if _is_of(run, loaded, "rollback")), None)
    stands = loaded if undone is None else None
    for asked in (one for one in waiting if one.plan == plan and one.what in _DECIDED):
        return Ahead(plan=plan, stage=Stage.ASKED, approval=asked, load=stands)
    for run in reversed(own):
        if run.state in ("queued", *UNDER_WAY):
            return Ahead(plan=plan, stage=Stage.WORKING, run=run, load=stands)
    if loaded is not None and undone is None:
        return _loaded(plan, loaded, since)
    after = [run for run in since if undone is None or run.started_at > undone.started_at]
    if undone is not None and not [run for run in after if run.kind in _STEPS]:
        return Ahead(plan=plan, stage=Stage.TAKEN_BACK, run=undone)
    return _before(plan, after, any(one.plan == plan for one in archives))


def _loaded(plan: str, loaded: RunRecord, since: Sequence[RunRecord]) -> Ahead:
    for run in since:
        if _is_of(run, loaded, "closing"):
            return Ahead(plan=plan, stage=Stage.ACCEPTED, run=run, load=loaded)
    verified = [run for run in since if _is_of(run, loaded, "verification") and run.verdict is not None]
    last = verified[-1] if verified else loaded
    stage = Stage.MIGRATED if last.verdict == Verdict.GREEN else Stage.DOUBTED
    return Ahead(plan=plan, stage=stage, run=last, load=loaded)


def _before(plan: str, runs: Sequence[RunRecord], is_taken: bool) -> Ahead:
    last = next((run for run in reversed(runs) if run.kind in _STEPS), None)
    if last is not None and last.state in _STOPPED and last.verdict is None:
        return Ahead(plan=plan, stage=Stage.STOPPED, run=last)
    rehearsed = _last(runs, "rehearsal", states=("done", "failed"))
    if rehearsed is not None and rehearsed.verdict is not None:
        stage = Stage.REHEARSED if rehearsed.verdict == Verdict.GREEN else Stage.RED
        return Ahead(plan=plan, stage=stage, run=rehearsed)
    return Ahead(plan=plan, stage=Stage.TAKEN if is_taken else Stage.NOTHING)


def _last(runs: Sequence[RunRecord], kind: str, *, states: Sequence[str]) -> RunRecord | None:
    return next((run for run in reversed(runs) if run.kind == kind and run.state in states), None)


def _is_of(run: RunRecord, loaded: RunRecord, kind: str) -> bool:
    return (run.kind, run.of_run, run.state) == (kind, loaded.run_id, "done")


def deciding(accounts: Iterable[Account], tenant: str, permission: Permission) -> tuple[str, ...]:
    """The names of those who may do that for this tenant; of admins only where nobody else may."""
    able = [one for one in accounts if one.disabled_at is None and one.principal.may(permission, tenant)]
    others = [one for one in able if not _only_as_admin(one, tenant, permission)]
    return tuple(sorted(one.name for one in others or able))


def _only_as_admin(account: Account, tenant: str, permission: Permission) -> bool:
    grants = tuple(grant for grant in account.grants if grant.role is not Role.ADMIN)
    return not replace(account, grants=grants).principal.may(permission, tenant)
