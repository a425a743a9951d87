"""Lists page by page: each one once, whatever is added meanwhile, and of nobody else's tenants."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from migrator.registry.platforms import Secret
from tests.api.office import ROLES, Office, of


def walked(caller: TestClient, path: str, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        answer = of(caller.get(path, params={**asked, "limit": 2, **({"after": after} if after else {})}))
        assert len(answer["items"]) <= 2
        found += answer["items"]
        if (after := answer["next"]) is None:
            return found


def test_every_run_stands_on_one_page_and_in_its_order(server: Office) -> None:
    with server.served.service._catalog() as catalog:
        for number in range(7):
            tenant, kind = ("theirs", "snapshot") if number % 3 == 2 else ("ours", "rehearsal")
            catalog.start(kind=kind, plan=f"plan-{number % 2}", tenant=tenant, state="queued")
    everything = [run["run_id"] for run in walked(server.by("admin"), "/v1/runs")]
    assert len(everything) == 7 and everything == [run.run_id for run in server.served.service.runs()]
    ours = walked(server.by("viewer"), "/v1/runs")
    assert [run["run_id"] for run in ours] == [run for run in everything if "rehearsal" in run]
    assert walked(server.by("admin"), "/v1/runs", tenant="theirs", plan="plan-0")[0]["tenant"] == "theirs"
    assert walked(server.by("viewer"), "/v1/runs", tenant="theirs") == []
    assert walked(server.by("viewer"), "/v1/runs", kind="snapshot") == []


def test_what_is_added_between_two_pages_moves_nothing(server: Office) -> None:
    admin, operator = server.by("admin"), server.by("operator")
    for name in ("b", "d", "f"):
        of(admin.post("/v1/tenants", json={"tenant": name}), 201)
    first = of(admin.get("/v1/tenants", params={"limit": 2}))
    of(admin.post("/v1/tenants", json={"tenant": "a"}), 201)
    of(admin.post("/v1/tenants", json={"tenant": "e"}), 201)
    rest = of(admin.get("/v1/tenants", params={"after": first["next"]}))["items"]
    names = [one["tenant"] for one in [*first["items"], *rest]]
    assert names == ["b", "d", "e", "f", "ours", "theirs"]
    assert [one["tenant"] for one in walked(operator, "/v1/tenants")] == ["ours"]


def test_accounts_tokens_platforms_and_subscriptions_turn_their_pages(server: Office) -> None:
    admin, served = server.by("admin"), server.served
    for number in range(5):
        server.program(ROLES["viewer"])
        served.platforms.put(f"P{number}", Secret("sqlite:///x"), tenants=[("ours", "theirs", "*")[number % 3]], by="x")
        where = {"url": "mailto:ann@example.org", "tenant": "*"}
        of(admin.put(f"/v1/subscriptions/s{number}", json=where))
    logins = [one["login"] for one in walked(admin, "/v1/accounts")]
    assert logins == sorted(f"{role}@example.org" for role in ROLES)
    tokens = walked(admin, "/v1/tokens")
    assert len(tokens) == 5 and tokens == sorted(tokens, key=lambda one: one["token_id"])
    assert all(one["grants"] == [{"tenant": "ours", "role": "viewer"}] for one in tokens)
    assert [one["name"] for one in walked(admin, "/v1/subscriptions")] == ["s0", "s1", "s2", "s3", "s4"]
    theirs = {one["name"]: one["tenants"] for one in walked(server.by("stranger"), "/v1/platforms")}
    assert theirs == {"P1": ["theirs"], "P2": ["*"], "P4": ["theirs"]}
    assert len(walked(admin, "/v1/platforms")) == len(served.platforms.all()) > len(theirs)


def test_what_is_no_cursor_is_refused(server: Office) -> None:
    for cursor in ("x", "W10", "bnVsbA", "WzFd", "é", "WyIBIl0", "W" * 900):
        for path in ("/v1/runs", "/v1/archives", "/v1/approvals", "/v1/tenants", "/v1/tokens"):
            assert server.by("admin").get(path, params={"after": cursor}).status_code in (200, 422), (path, cursor)
    assert "next" in of(server.by("admin").get("/v1/runs", params={"after": "x"}), 422)["next"]


def test_the_overview_shows_what_is_yours(server: Office) -> None:
    with server.served.service._catalog() as catalog:
        ours = catalog.start(kind="snapshot", plan="one", tenant="ours", state="queued")
        theirs = catalog.start(kind="snapshot", plan="two", tenant="theirs", state="queued")
    for role, seen in (("operator", {ours}), ("stranger", {theirs}), ("admin", {ours, theirs})):
        page = server.by(role).get("/", headers={"Accept": "text/html"}).text
        assert {run for run in (ours, theirs) if run.run_id in page} == seen
        assert 'data-after="2"' in page
