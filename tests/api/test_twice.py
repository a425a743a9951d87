"""What is sent twice, and who asks in two forms."""

from __future__ import annotations

from datetime import timedelta

from migrator.access.roles import EVERYWHERE, Grant, Role
from migrator.registry.documents import Kind
from tests.acceptance.office import PLAN as TEXT
from tests.api.office import Office, logged_in, of

PLAN = "/v1/tenants/ours/plans/ours-away"


def test_a_key_of_one_tenant_stands_for_nothing_of_another(server: Office) -> None:
    served = server.served
    for name in ("SOURCE_URL", "STORE_URL", "TARGET_URL"):
        served.platforms.allow(name, ["ours", "theirs"])
    text = TEXT.replace("tenant: ours", "tenant: theirs")
    served.documents.write(Kind.PLAN, "theirs", "ours-away", text, by="setup", after=0)
    both, key = server.by("admin"), {"Idempotency-Key": "one"}
    first = of(both.post(f"{PLAN}/snapshots", json={}, headers=key), 202)
    assert of(both.post("/v1/tenants/theirs/plans/ours-away/snapshots", json={}, headers=key), 422)["where"]
    assert [run["run_id"] for run in of(both.get("/v1/runs"))["items"]] == [first["run"]]


def test_what_is_answered_again_says_where_to_look_again(server: Office) -> None:
    operator, key = server.by("operator"), {"Idempotency-Key": "one"}
    first, again = (operator.post(f"{PLAN}/snapshots", json={}, headers=key) for _ in range(2))
    assert again.headers["Location"] == first.headers["Location"] == f"/v1/runs/{first.json()['run']}"


def test_who_made_a_token_does_not_decide_what_it_asked_for(server: Office) -> None:
    served = server.served
    ann = served.accounts.add("ann@example.org", grants=[Grant(tenant=EVERYWHERE, role=Role.ADMIN)])
    _, key = served.tokens.make(
        "cutover",
        [Grant(tenant="ours", role=Role.OPERATOR)],
        lifetime=timedelta(days=1),
        made_by=ann.principal,
    )
    program = server.anonymous()
    program.headers["Authorization"] = f"Bearer {key}"
    run = of(program.post(f"{PLAN}/snapshots", json={}), 202)["run"]
    asked = of(program.post(f"/v1/runs/{run}/rollbacks", json={"reason": "mine"}), 202)["approval"]
    decision = f"/v1/approvals/{asked}/decision"
    refused = of(logged_in(served, server.anonymous(), ann).post(decision, json={"grant": False}), 422)
    assert "does not decide" in refused["title"]
