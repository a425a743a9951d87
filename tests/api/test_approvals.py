"""What two people agreed to: it begins, or the approval says why it did not, and it can be tried again."""

from __future__ import annotations

import pytest

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
