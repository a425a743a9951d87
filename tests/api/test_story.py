"""The whole story through the API: snapshot, rehearsal, a migration that two people decide, and the way back."""

from __future__ import annotations

from tests.api.office import Office, of

PLAN = "/v1/tenants/ours/plans/ours-away"


def test_from_a_snapshot_to_a_migration_that_is_taken_back(server: Office) -> None:
    operator, approver = server.by("operator"), server.by("approver")
    snapshot = of(operator.post(f"{PLAN}/snapshots", json={}), 202)
    assert of(operator.get(f"/v1/runs/{snapshot['run']}"))["state"] == "queued"
    server.perform()
    assert of(operator.get(f"/v1/runs/{snapshot['run']}"))["verdict"] == "green"

    rehearsal = of(operator.post(f"{PLAN}/rehearsals", json={}), 202)
    server.perform()
    assert of(operator.get(f"/v1/runs/{rehearsal['run']}/report.json"))["verdict"] == "green"

    asked = of(operator.post(f"{PLAN}/migrations", json={"reason": "tonight"}), 202)
    assert server.perform() == []
    assert of(operator.post(f"/v1/approvals/{asked['approval']}/decision", json={"grant": True}), 403)
    decided = of(approver.post(f"/v1/approvals/{asked['approval']}/decision", json={"grant": True, "words": "go"}))
    server.perform()
    migration = of(approver.get(f"/v1/runs/{decided['run_id']}"))
    assert (migration["state"], migration["verdict"], migration["asked_by"]) == (
        "done",
        "green",
        "operator@example.org",
    )

    pages = ("/", f"/runs/{migration['run_id']}")
    assert not [page for page in pages if "taken back</a>" in approver.get(page).text]
    asked = of(operator.post(f"/v1/runs/{migration['run_id']}/rollbacks", json={"reason": "it was a test"}), 202)
    decided = of(approver.post(f"/v1/approvals/{asked['approval']}/decision", json={"grant": True}))
    server.perform()
    assert of(operator.get(f"/v1/runs/{decided['run_id']}"))["verdict"] == "green"
    for page in pages:  # a green migration that was taken back is not shown as one that stands
        assert f'<a href="/runs/{decided["run_id"]}">taken back</a>' in approver.get(page).text
    assert "rollbacks" not in operator.get(pages[1]).text

    actions = [entry.action for entry in server.served.audit.entries(limit=1000)]
    for action in ("start snapshot", "ask for migration", "approve", "read report", "ask to roll back"):
        assert action in actions
    assert list(server.served.audit.lines())


def test_a_request_that_is_sent_twice_is_done_once(server: Office) -> None:
    operator = server.by("operator")
    key = {"Idempotency-Key": "one"}
    first = of(operator.post(f"{PLAN}/snapshots", json={}, headers=key), 202)
    assert of(operator.post(f"{PLAN}/snapshots", json={}, headers=key), 202) == first
    assert of(operator.post(f"{PLAN}/snapshots", json={"prove_full": True}, headers=key), 422)["where"]
    assert len(of(operator.get("/v1/runs"))["items"]) == 1


def test_a_migration_without_a_rehearsal_is_refused_when_it_is_asked_for(server: Office) -> None:
    operator = server.by("operator")
    of(operator.post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    refused = of(operator.post(f"{PLAN}/migrations", json={"reason": "now"}), 409)
    assert refused["exit_code"] == 3 and "rehears" in refused["title"]
    assert of(operator.get("/v1/approvals"))["items"] == []


def test_a_plan_reaches_platforms_that_an_admin_allowed_and_nothing_else(server: Office) -> None:
    operator = server.by("operator")
    text = of(operator.get(PLAN))["text"]
    for address in (
        "sqlite:////etc/passwd",
        "postgresql://10.0.0.1/x",
        "${HOME}",
        "${SOURCE_URL:-sqlite:///x}",
        "${SOURCE_URL}/../x",
        "${AWS_SECRET_ACCESS_KEY}",
    ):
        changed = text.replace("${SOURCE_URL}", address)
        refused = of(operator.put(PLAN, json={"text": changed}, headers={"If-Match": '"1"'}), 422)
        assert "platform" in refused["title"], address
    assert len(of(operator.get(f"{PLAN}/versions"))["items"]) == 1


def test_two_who_write_a_plan_do_not_overwrite_each_other(server: Office) -> None:
    operator = server.by("operator")
    read = operator.get(PLAN)
    text = read.json()["text"] + "# more\n"
    assert of(operator.put(PLAN, json={"text": text}), 428)
    written = operator.put(PLAN, json={"text": text, "note": "more"}, headers={"If-Match": read.headers["ETag"]})
    assert (written.status_code, written.headers["ETag"]) == (200, '"2"')
    assert of(operator.put(PLAN, json={"text": text}, headers={"If-Match": read.headers["ETag"]}), 412)
    assert "+# more" in of(operator.get(f"{PLAN}/versions/2/changes"))["changes"]


def test_a_plan_or_version_that_nobody_wrote_is_not_there(server: Office) -> None:
    operator = server.by("operator")
    for path in ("/v1/tenants/ours/plans/ours-awya", f"{PLAN}/versions/7", f"{PLAN}/versions/1/changes?since=9"):
        assert of(operator.get(path), 404)["type"] == "/problems/unknown"
    missed = of(operator.post("/v1/tenants/ours/plans/ours-awya/snapshots", json={}), 404)
    assert "ours-away" in missed["next"] and missed["exit_code"] == 2
    assert operator.get("/tenants/ours/plans/ours-awya").status_code == 404
