"""What two people agreed to: it begins, or the approval says why it did not, and it can be tried again."""

from __future__ import annotations

from html import unescape

import pytest

from api.asked import FORM_TOKEN
from migrator.access.roles import Permission
from tests.api.office import ROLES, Office, of

PLAN = "/v1/tenants/ours/plans/ours-away"


@pytest.fixture
def asked(server: Office) -> str:
    """A rollback of a committed load that waits for approval."""
    operator, approver = server.by("operator"), server.by("approver")
    for what in ("snapshots", "rehearsals"):
        of(operator.post(f"{PLAN}/{what}", json={}), 202)
        server.perform()
    migration = of(operator.post(f"{PLAN}/migrations", json={"reason": "tonight"}), 202)["approval"]
    run = of(approver.post(f"/v1/approvals/{migration}/decision", json={"grant": True}))["run_id"]
    server.perform()
    return str(of(operator.post(f"/v1/runs/{run}/rollbacks", json={"reason": "it was a test"}), 202)["approval"])


def test_what_could_not_begin_says_so_and_is_tried_again(server: Office, asked: str) -> None:
    operator, approver = server.by("operator"), server.by("approver")
    target, away = server.world.target, server.world.target.with_suffix(".away")
    target.rename(away)
    decided = of(approver.post(f"/v1/approvals/{asked}/decision", json={"grant": True}))
    assert decided["is_granted"] and decided["run_id"] is None and decided["begun_at"] is None
    assert "target.db" in decided["failure"]["where"] and decided["failure"]["next"]
    again = f"/v1/approvals/{asked}/trial"
    assert operator.post(again).status_code == 403
    assert of(approver.post(again))["failure"]
    away.rename(target)
    begun = of(approver.post(again))
    assert begun["failure"] is None and begun["begun_at"] and begun["run_id"]
    assert of(approver.post(again), 422)["title"] == "there is nothing to try again"
    server.perform()
    assert of(operator.get(f"/v1/runs/{begun['run_id']}"))["verdict"] == "green"


def test_who_asked_does_not_try_it_again_either(server: Office, asked: str) -> None:
    approval = server.served.approvals.find(asked)
    assert approval is not None
    own = next(account for account in server.served.accounts.all() if account.login == "operator@example.org")
    assert not own.principal.may(Permission.APPROVE, "ours")
    server.served.accounts.set_grants(own.account_id, [*own.grants, ROLES["approver"]])
    server.world.target.rename(server.world.target.with_suffix(".away"))
    of(server.by("approver").post(f"/v1/approvals/{asked}/decision", json={"grant": True}))
    assert of(server.by("operator").post(f"/v1/approvals/{asked}/trial"), 422)["where"] == asked


def text(server: Office, path: str, role: str = "approver") -> str:
    answer = server.by(role).get(path)
    assert answer.status_code == 200, answer.text[-300:]
    return unescape(answer.text)


def test_who_decides_reads_what_will_happen(server: Office, asked: str) -> None:
    operator = server.by("operator")
    prospect = of(operator.get(f"/v1/approvals/{asked}/prospect"))
    assert (prospect["rows"], prospect["verification"], prospect["load"]["kind"]) == (4, None, "migration")
    page = text(server, f"/approvals/{asked}")
    assert "The 4 rows that the load wrote go" in page and "nobody verified the load" in page
    of(operator.post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    wanted = {"reason": "once more", "waive": "it is urgent"}
    migration = of(operator.post(f"{PLAN}/migrations", json=wanted), 202)["approval"]
    prospect = of(operator.get(f"/v1/approvals/{migration}/prospect"))
    assert prospect["is_same_seal"] and prospect["rehearsal"]["verdict"] == "green" and prospect["forecast"]["seconds"]
    page = text(server, f"/approvals/{migration}")
    assert "it is urgent" in page and "All of it takes about" in page and prospect["archive"]["archive_id"] in page


def test_a_page_says_what_did_not_begin_and_lets_an_approver_try_again(server: Office, asked: str) -> None:
    approver = server.by("approver")
    form = {"form_token": approver.headers[FORM_TOKEN]}
    target, away = server.world.target, server.world.target.with_suffix(".away")
    target.rename(away)
    assert approver.post(f"/approvals/{asked}", data={**form, "decision": "grant"}).status_code == 200
    for place in ("/", "/approvals"):
        assert f'<a href="/approvals/{asked}">' in text(server, place).partition("Agreed, but it did not begin")[2]
    page = text(server, f"/approvals/{asked}")
    assert f'action="/approvals/{asked}/trial"' in page and "target.db" in page
    assert f'action="/approvals/{asked}/trial"' not in text(server, f"/approvals/{asked}", "operator")
    away.rename(target)
    assert approver.post(f"/approvals/{asked}/trial", data=form).status_code == 200
    approval = server.served.approvals.find(asked)
    assert approval is not None and server.served.approvals.stuck() == ()
    assert approval.run_id and f"/runs/{approval.run_id}" in text(server, f"/approvals/{asked}")
