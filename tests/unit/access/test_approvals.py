"""Four eyes, and requests that are done once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from migrator.access.approvals import Approval, Approvals
from migrator.access.once import Answered, Once
from migrator.access.roles import EVERYWHERE, Grant, Principal, PrincipalKind, Role
from migrator.runs.database import Database
from storage.errors import Misuse, TransientFault


def person(id: str, *roles: Role, tenant: str = "acme") -> Principal:
    grants = tuple(Grant(tenant=tenant, role=role) for role in roles)
    return Principal(kind=PrincipalKind.ACCOUNT, id=id, name=f"{id}@example.org", grants=grants)


ANN, BOB = person("ann", Role.OPERATOR, Role.APPROVER), person("bob", Role.APPROVER)
REQUEST = {"operation": "load", "plan": "acme-exit"}


def asked(approvals: Approvals) -> Approval:
    return approvals.ask(ANN, "migrate", tenant="acme", plan="acme-exit", request=REQUEST, reason="cutover tonight")


def test_another_approver_decides_and_what_was_asked_for_stays(database: Database) -> None:
    approvals = Approvals(database=database)
    asked_for = asked(approvals)
    assert approvals.all(only_open=True) == (asked_for,)
    granted = approvals.decide(BOB, asked_for, grant=True, words="seen the rehearsal")
    assert (granted.is_granted, granted.decided_by_name, granted.request) == (True, "bob@example.org", REQUEST)
    assert approvals.begun(granted, "20261122T000000-migration-abcd").run_id == "20261122T000000-migration-abcd"
    assert approvals.all(only_open=True) == ()


@pytest.mark.parametrize(
    ("who", "message"),
    [
        (ANN, "who asked"),
        (person("cid", Role.ADMIN, tenant="globex"), "only an approver"),
        (person("dan", Role.OPERATOR), "only an approver"),
        (Principal(kind=PrincipalKind.TOKEN, id="t", name="t", grants=BOB.grants), "only an approver"),
    ],
)
def test_nobody_else_decides(database: Database, who: Principal, message: str) -> None:
    approvals = Approvals(database=database)
    with pytest.raises(Misuse, match=message):
        approvals.decide(who, asked(approvals), grant=True)
    assert len(approvals.all(only_open=True)) == 1


def test_an_admin_does_not_approve_their_own(database: Database) -> None:
    admin = person("eve", Role.ADMIN, tenant=EVERYWHERE)
    approvals = Approvals(database=database)
    own = approvals.ask(admin, "migrate", tenant="acme", plan="p", request=REQUEST, reason="")
    with pytest.raises(Misuse, match="who asked"):
        approvals.decide(admin, own, grant=True)


def test_of_two_who_decide_one_does(either: Database) -> None:
    approvals = Approvals(database=either)
    asked_for = asked(approvals)

    def decide(who: Principal) -> str:
        try:
            return str(approvals.decide(who, asked_for, grant=True).decided_by)
        except Misuse:
            return ""

    with ThreadPoolExecutor(4) as pool:
        decided = list(pool.map(decide, [person(f"p{number}", Role.APPROVER) for number in range(4)]))
    assert len([who for who in decided if who]) == 1


def test_a_request_with_the_same_key_is_done_once(either: Database) -> None:
    once = Once(database=either)
    with ThreadPoolExecutor(4) as pool:
        began = list(pool.map(lambda _: _begun(once), range(4)))
    assert sorted(began) == ["ours", "under way", "under way", "under way"]
    once.end("ann", "key", Answered(status=202, body='{"run": "r"}'))
    assert once.begin("ann", "key", "digest") == Answered(status=202, body='{"run": "r"}')
    assert once.begin("bob", "key", "digest") is None
    with pytest.raises(Misuse, match="another request"):
        once.begin("ann", "key", "other digest")
    once.forget("ann", "key")
    assert once.begin("ann", "key", "other digest") is None


def _begun(once: Once) -> str:
    try:
        return "ours" if once.begin("ann", "key", "digest") is None else "answered"
    except TransientFault:
        return "under way"
