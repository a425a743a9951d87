"""Four eyes, and requests that are done once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from migrator.access.approvals import Approval, Approvals
from migrator.access.once import AlreadyAnswered, Answered, Key, Once
from migrator.access.roles import EVERYWHERE, Grant, Principal, PrincipalKind, Role
from migrator.runs.database import Database
from storage.errors import Misuse


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
    approvals.begun(granted, "20261122T000000-migration-abcd")
    assert approvals.again(granted).run_id == "20261122T000000-migration-abcd"
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
    once, approvals = Once(database=either), Approvals(database=either)
    key = Key(principal="ann", key="key", digest="digest")

    def begin(number: int) -> Answered:
        answer = Answered(status=202, body=f"{number}")
        with suppress(AlreadyAnswered), either.together():
            asked(approvals)
            once.keep(key, answer)
        return answer

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(begin, range(4)))
    assert len(approvals.all()) == 1 and once.find(key) in answers
    assert once.find(replace(key, principal="bob")) is None
    with pytest.raises(Misuse, match="another request"):
        once.find(replace(key, digest="other digest"))


def test_a_key_is_forgotten_after_a_day(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    once, key = Once(database=database), Key(principal="ann", key="key", digest="digest")
    once.keep(key, Answered(status=202, body="the first"))
    monkeypatch.setattr("migrator.access.once.KEPT", -timedelta(seconds=1))
    assert once.find(key) is None
    once.keep(replace(key, digest="other"), Answered(status=202, body="the second"))


def test_what_was_agreed_to_begins_once(either: Database) -> None:
    approvals = Approvals(database=either)
    granted = approvals.decide(BOB, asked(approvals), grant=True)

    def begin(run: str) -> str:
        with suppress(Misuse), either.together():
            asked(approvals)
            approvals.begun(granted, run)
            return run
        return ""

    with ThreadPoolExecutor(4) as pool:
        began = [run for run in pool.map(begin, ["a", "b", "c", "d"]) if run]
    approvals.failed(granted, Misuse("it began already", where="here"))
    assert began == [approvals.again(granted).run_id] and approvals.again(granted).failure is None
    assert len(approvals.all(only_open=True)) == 1
