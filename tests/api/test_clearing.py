"""What nothing needs any more, on pages: shown first, and gone when two people agree."""

from __future__ import annotations

import os

import pytest

from migrator.access.approvals import Approval
from migrator.service import retention
from tests.api.office import Office, of
from tests.api.test_keeping import Later
from tests.api.test_plans import HERE, PLAN, kept


def approval_of(server: Office, location: str) -> Approval:
    found = server.served.approvals.find(location.rpartition("/")[2])
    assert found is not None
    return found


def taken(server: Office, times: int) -> None:
    for _ in range(times):
        of(server.by("operator").post(f"{PLAN}/snapshots", json={}), 202)
        server.perform()


def test_old_runs_are_shown_before_anybody_asks_for_them_to_go(server: Office) -> None:
    operator, place = server.by("operator"), "/tenants/ours/pruning"
    taken(server, 2)
    assert "Ask for it" not in operator.get(place).text  # nothing is old
    first = server.served.service.runs()[0].run_id
    shown = operator.get(place, params={"keep": 1, "days": 0}).text
    assert f"/runs/{first}" in shown and "Ask for it" in shown
    assert "Ask for it" not in server.by("viewer").get(place, params={"keep": 1, "days": 0}).text
    given = {"keep": "1", "days": "0", "reason": "annex 3"}
    asked = operator.post(place, data=given, follow_redirects=False)
    assert asked.status_code == 303
    approval = approval_of(server, asked.headers["location"])
    assert (approval.what, approval.request["goes"]) == ("prune", first)
    assert operator.post(place, data={**given, "keep": "0"}).status_code == 422
    assert server.by("viewer").post(place, data=given).status_code == 403
    assert server.by("stranger").get(place).status_code == 404
    decided = server.by("approver").post(asked.headers["location"], data={"decision": "grant"}, follow_redirects=False)
    assert decided.status_code == 303
    assert first not in [run.run_id for run in server.served.service.runs()]


def test_what_a_plan_keeps_is_shown_and_asked_for(server: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "datetime", Later)
    operator = server.by("operator")
    assert f"{HERE}/retention" not in operator.get(HERE).text
    assert operator.get(f"{HERE}/retention").status_code == 422
    kept(server, of(operator.get(PLAN))["text"] + "retention: {keep: 1, archives: 1h}\n", after=1)
    taken(server, 2)
    assert f"{HERE}/retention" in operator.get(HERE).text
    first = of(operator.get("/v1/archives"))["items"][0]["archive_id"]
    shown = operator.get(f"{HERE}/retention").text
    assert f"/archives/{first}" in shown and "Ask for it" in shown
    asked = operator.post(f"{HERE}/retention", data={"reason": "annex 3"}, follow_redirects=False)
    assert approval_of(server, asked.headers["location"]).request["goes"] == first


def test_what_killed_runs_left_is_cleared_away(server: Office) -> None:
    operator = server.by("operator")
    taken(server, 1)
    left = server.world.store / "ours-20200101T000000Z-00000000" / "data"
    left.mkdir(parents=True)
    (left / "part").write_bytes(b"half")
    os.utime(left / "part", (0, 0))
    swept = operator.post(f"{HERE}/sweeps", data={"quiet_hours": "24"})
    assert swept.status_code == 200 and not (left / "part").exists()
    assert operator.post(f"{HERE}/sweeps", data={"quiet_hours": "-1"}).status_code == 422
    assert server.by("viewer").post(f"{HERE}/sweeps", data={}).status_code == 403


def test_a_load_is_accepted_for_good_from_its_page_by_two(server: Office) -> None:
    operator = server.by("operator")
    taken(server, 1)
    of(operator.post(f"{PLAN}/rehearsals", json={}), 202)
    server.perform()
    asked = of(operator.post(f"{PLAN}/migrations", json={"reason": "tonight"}), 202)
    done = of(server.by("approver").post(f"/v1/approvals/{asked['approval']}/decision", json={"grant": True}))
    server.perform()
    page = operator.get(f"/runs/{done['run_id']}").text
    assert f"/runs/{done['run_id']}/closings" in page
    assert "/closings" not in server.by("viewer").get(f"/runs/{done['run_id']}").text
