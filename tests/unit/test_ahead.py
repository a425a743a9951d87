"""What comes next for a plan, whatever happened before: the newest of it counts, and what was called off does not."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from migrator.access.accounts import Account
from migrator.access.approvals import Approval
from migrator.access.roles import Grant, Permission
from migrator.runs.records import RunRecord
from migrator.service.ahead import Stage, ahead, deciding

_NUMBERS = count(1)


def run(kind: str, state: str = "done", verdict: str | None = "green", of: RunRecord | None = None) -> RunRecord:
    number = next(_NUMBERS)
    return RunRecord(
        run_id=f"{number:05}", kind=kind, number=number, plan="p", tenant="t", state=state,
        verdict=verdict if state == "done" else None, of_run=of.run_id if of else None,
        started_at=f"2026-11-22T{number:06}", host="h", process=1,
    )  # fmt: skip


TAKEN, TRIED, MOVED = run("snapshot"), run("rehearsal"), run("migration")
BACK = run("rollback", of=MOVED)
ASKED = Approval(
    approval_id="a", tenant="t", what="migrate", plan="p", seal=None, request={}, reason="", asked_by="x",
    asked_by_name="X", asked_at="2026",
)  # fmt: skip


@pytest.mark.parametrize(
    ("runs", "stage"),
    [
        ([], Stage.NOTHING),
        ([run("snapshot", "cancelled"), run("rehearsal", "cancelled")], Stage.NOTHING),
        ([run("snapshot", "failed")], Stage.STOPPED),
        ([TAKEN, run("rehearsal", "parked")], Stage.STOPPED),
        ([TAKEN, run("rehearsal", "lost")], Stage.STOPPED),
        ([TAKEN, TRIED, run("rehearsal", verdict="red")], Stage.RED),
        ([TAKEN, run("rehearsal", verdict="red"), run("rehearsal")], Stage.REHEARSED),
        ([TAKEN, TRIED, run("rehearsal", "cancelled")], Stage.REHEARSED),
        ([TAKEN, TRIED, run("snapshot")], Stage.REHEARSED),
        ([TAKEN, TRIED, run("migration", "queued")], Stage.WORKING),
        ([TAKEN, TRIED, run("migration", "failed")], Stage.STOPPED),
        ([TAKEN, TRIED, MOVED], Stage.MIGRATED),
        ([TAKEN, TRIED, MOVED, run("verification", verdict="red", of=MOVED)], Stage.DOUBTED),
        ([TRIED, MOVED, run("verification", "failed", of=MOVED)], Stage.MIGRATED),
        ([TRIED, run("migration", verdict="red")], Stage.DOUBTED),
        ([TRIED, MOVED, run("closing", of=MOVED)], Stage.ACCEPTED),
        ([TRIED, MOVED, run("rollback", "failed", of=MOVED)], Stage.MIGRATED),
        ([TRIED, MOVED, BACK], Stage.TAKEN_BACK),
        ([TRIED, MOVED, BACK, run("rehearsal")], Stage.REHEARSED),
        ([TRIED, MOVED, BACK, run("migration")], Stage.MIGRATED),
    ],
)
def test_the_newest_of_what_happened_says_what_comes_next(runs: list[RunRecord], stage: Stage) -> None:
    found = ahead("p", runs, (), ())
    assert found.stage is stage
    assert (found.load is not None) is (stage in (Stage.MIGRATED, Stage.DOUBTED, Stage.ACCEPTED))
    asked = ahead("p", runs, (), [ASKED])
    assert (asked.stage, asked.approval) == (Stage.ASKED, ASKED)
    assert ahead("other", runs, (), [ASKED]).stage is Stage.NOTHING
    assert ahead("p", runs, (), [replace(ASKED, what="retain")]).stage is stage


def account(name: str, *grants: str, disabled_at: str | None = None) -> Account:
    return Account(
        account_id=name, login=name, name=name, language="en", created_at="2026", disabled_at=disabled_at,
        has_password=True, issuer=None, grants=tuple(map(Grant.read, grants)),
    )  # fmt: skip


def test_admins_decide_where_nobody_else_does() -> None:
    admin, elsewhere = account("admin", "admin:*"), account("elsewhere", "approver:u")
    gone = account("gone", "approver:t", disabled_at="2026")
    assert deciding([admin, elsewhere, gone], "t", Permission.APPROVE) == ("admin",)
    both = account("both", "admin:*", "approver:*")
    assert deciding([both, admin, account("ann", "approver:t")], "t", Permission.APPROVE) == ("ann", "both")
    assert deciding([elsewhere], "t", Permission.APPROVE) == ()
