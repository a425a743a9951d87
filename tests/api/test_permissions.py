"""Every route, by every role, and with another tenant's ids."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from api.asked import COOKIE, FORM_TOKEN, Needs
from migrator.access.invitations import FIRST_ADMIN
from migrator.access.roles import EVERYWHERE, Grant, Permission, Role
from tests.api.office import ROLES, Office, of

PHRASE = "an office phrase of length"
PUBLIC = {("POST", "/v1/session"), ("GET", "/v1/invitations/{key}"), ("POST", "/v1/invitations/{key}")}


def needs(route: RouteContext) -> Needs | None:
    if not isinstance(route.original_route, APIRoute):
        return None
    found = [one.call for one in route.original_route.dependant.dependencies if isinstance(one.call, Needs)]
    assert len(found) <= 1
    return found[0] if found else None


def routes(app: FastAPI) -> Iterator[tuple[str, RouteContext]]:
    for route in iter_route_contexts(app.routes):
        if route.path.startswith("/v1") and route.path != app.openapi_url:
            for method in route.methods or ():
                yield method, route


@pytest.fixture
def filled(server: Office) -> dict[str, str]:
    """Ids of things of the tenant `ours`, for every name in a path."""
    operator = server.by("operator")
    run = of(operator.post("/v1/tenants/ours/plans/ours-away/snapshots", json={}), 202)["run"]
    server.perform()
    (archive,) = of(operator.get("/v1/archives"))["items"]
    approval = of(operator.post(f"/v1/runs/{run}/rollbacks", json={"reason": "x"}), 202)["approval"]
    return {
        "tenant": "ours", "plan": "ours-away", "name": "ours-away", "run": run, "approval": approval,
        "version": "1", "format": "json", "login": "viewer@example.org", "token": "none", "key": "none",
        "archive": archive["archive_id"], "table": "people", "edge": "0",
        "sha256": "0" * 64,
    }  # fmt: skip


def test_no_route_is_open_that_should_not_be(server: Office) -> None:
    open_ = {(method, route.path) for method, route in routes(server.by("admin").app) if needs(route) is None}
    assert open_ == PUBLIC


def test_every_route_asks_for_its_permission_of_every_role(server: Office, filled: dict[str, str]) -> None:
    walked = 0
    for method, route in routes(server.by("admin").app):
        need = needs(route)
        if need is None or route.path == "/v1/session" or route.path.endswith("/events"):
            continue
        path = re.sub(r"{(\w+)(?::\w+)?}", lambda match: filled[match[1]], route.path)
        for role, grant in ROLES.items():
            answer = server.by(role).request(method, path, json={"nothing": "known"})
            walked += 1
            where = f"{role} {method} {path}: {answer.status_code} {answer.text[:200]}"
            assert answer.status_code != 500, where
            if need.permission is None:
                assert answer.status_code not in (401, 403), where
                continue
            is_about_ours = bool(re.search(r"{(tenant|run|approval|archive)}", route.path))
            tenant = "ours" if is_about_ours else EVERYWHERE
            may = _principal_may(grant, need, tenant)
            if role == "stranger" and is_about_ours:
                assert answer.status_code == 404, where
            else:
                assert (answer.status_code == 403) is not may, where
    assert walked > 100


def _principal_may(grant: Grant, need: Needs, tenant: str) -> bool:
    from migrator.access.roles import ALLOWS

    return grant.reaches(tenant) and need.permission in ALLOWS[grant.role]


SHOWS_ROWS = ("/scope", "/check", "/answer", "/report.{format}")
"""What shows values of rows among other things: keys, examples of what does not fit."""


def test_every_read_of_a_customers_data_is_in_the_audit(server: Office, filled: dict[str, str]) -> None:
    operator, audit = server.by("operator"), server.served.audit
    of(operator.post("/v1/tenants/ours/plans/ours-away/rehearsals", json={}), 202)
    (filled["run"],) = server.perform()
    read = 0
    for method, route in routes(operator.app):
        need = needs(route)
        if method != "GET" or need is None:
            continue
        if need.permission is not Permission.READ_ROWS and not route.path.endswith(SHOWS_ROWS):
            continue
        if "{sha256}" in route.path:  # the office has no files: test_contents has
            continue
        path = re.sub(r"{(\w+)(?::\w+)?}", lambda match: filled[match[1]], route.path)
        before = len(audit.entries(tenant="ours", limit=1000))
        answer = operator.get(path)
        assert answer.status_code == 200, f"{path}: {answer.text[:200]}"
        entries = audit.entries(tenant="ours", limit=1000)
        assert len(entries) == before + 1 and entries[-1].who == "operator@example.org", path
        read += 1
    assert read >= 10


def test_what_is_another_tenants_is_told_as_what_is_not_there(server: Office, filled: dict[str, str]) -> None:
    stranger = server.by("stranger")
    for path in ("/v1/runs/{run}", "/v1/tenants/{tenant}", "/v1/approvals/{approval}", "/v1/tenants/{tenant}/plans"):
        theirs = stranger.get(path.format(**filled))
        invented = stranger.get(path.format(**dict.fromkeys(filled, "invented")))
        assert theirs.status_code == invented.status_code == 404
        name = path.format(**filled).split("/")[3]
        assert theirs.text.replace(name, "invented") == invented.text
    for path in ("/v1/runs", "/v1/approvals", "/v1/tenants"):
        listed = of(stranger.get(path))["items"]
        assert not [one for one in listed if one.get("tenant") == "ours"]


def test_nobody_gets_in_without_being_somebody(server: Office) -> None:
    caller = server.anonymous()
    for headers in (
        {},
        {"Authorization": "Bearer mig_invented"},
        {"Authorization": "Basic YTpi"},
        {"Cookie": "migrator_session=x"},
    ):
        answer = caller.get("/v1/runs", headers=headers)
        assert answer.status_code == 401 and "Bearer" in answer.headers["WWW-Authenticate"]


def test_another_site_cannot_make_a_browser_do_anything(server: Office) -> None:
    operator = server.by("operator")
    token = operator.headers.pop(FORM_TOKEN)
    for headers in ({}, {FORM_TOKEN: "0" * 64}, {FORM_TOKEN: server.by("admin").headers[FORM_TOKEN]}):
        refused = operator.post("/v1/tenants/ours/plans/ours-away/snapshots", json={}, headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forged")
    operator.headers[FORM_TOKEN] = token
    assert operator.get("/v1/runs").json()["items"] == []


def test_a_program_does_what_its_token_says(server: Office) -> None:
    program = server.program(Grant(tenant="ours", role=Role.OPERATOR))
    of(program.post("/v1/tenants/ours/plans/ours-away/snapshots", json={}), 202)
    assert program.get("/v1/tenants/theirs").status_code == 404
    assert program.get("/v1/accounts").status_code == 403
    (token,) = server.served.tokens.all()
    server.served.tokens.revoke(token.token_id)
    assert program.get("/v1/runs").status_code == 401


def test_who_has_the_password_gets_in_and_out_again(server: Office) -> None:
    server.served.accounts.add("new@example.org", password=PHRASE, grants=[ROLES["viewer"]])
    caller = server.anonymous()
    entered = caller.post("/v1/session", json={"login": "NEW@example.org", "password": PHRASE})
    cookie = entered.headers["Set-Cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie
    caller.headers[FORM_TOKEN] = of(entered, 201)["form_token"]
    assert of(caller.get("/v1/session"))["grants"] == [{"tenant": "ours", "role": "viewer"}]
    assert caller.delete("/v1/session").status_code == 204
    caller.cookies.set(COOKIE, entered.cookies[COOKIE])
    assert caller.get("/v1/session").status_code == 401


def test_the_first_admin_comes_by_a_link_that_works_once(server: Office) -> None:
    key = server.served.invitations.make(grants=FIRST_ADMIN, made_by="server")
    caller = server.anonymous()
    assert of(caller.get(f"/v1/invitations/{key}"))["grants"] == [{"tenant": "*", "role": "admin"}]
    of(caller.post(f"/v1/invitations/{key}", json={"login": "first@example.org", "password": "short"}), 422)
    given = {"login": "first@example.org", "password": PHRASE}
    caller.headers[FORM_TOKEN] = of(caller.post(f"/v1/invitations/{key}", json=given), 201)["form_token"]
    assert "first@example.org" in caller.get("/v1/accounts").text
    assert server.anonymous().post(f"/v1/invitations/{key}", json=given).status_code == 404


def test_who_guesses_passwords_is_made_to_wait(server: Office) -> None:
    caller = server.anonymous()
    wrong = {"login": "viewer@example.org", "password": "wrong"}
    answers = [caller.post("/v1/session", json=wrong) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_an_address_is_written_and_never_read(server: Office) -> None:
    admin = server.by("admin")
    address = "postgresql://reader:s3cr3t-w0rd@db.example.org/crm"
    of(admin.put("/v1/platforms/LEGACY", json={"url": address, "tenants": ["ours"], "access_key": "AKIA-own"}))
    seen = [admin.get(path).text for path in ("/v1/platforms", "/v1/audit", "/v1/platforms?limit=1")]
    seen += [server.by(role).get("/v1/platforms").text for role in ROLES]
    refused = admin.put("/v1/platforms/legacy", json={"url": address, "more": 1}).text
    assert not [text for text in (*seen, refused) if "s3cr3t" in text or "AKIA-own" in text]
    assert "LEGACY" not in server.by("stranger").get("/v1/platforms").text


def test_a_request_that_is_too_large_is_refused_however_it_is_sent(server: Office) -> None:
    operator = server.by("operator")
    answer = operator.put("/v1/tenants/ours/plans/x", content=b"x" * (5 << 20), headers={"If-Match": '"0"'})
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")

    def pieces() -> Iterator[bytes]:
        for _ in range(5):
            yield b"x" * (1 << 20)

    answer = operator.put("/v1/tenants/ours/plans/x", content=pieces(), headers={"If-Match": '"0"'})
    assert answer.status_code == 413


def test_answers_say_what_browsers_must_not_do(server: Office) -> None:
    for answer in (server.by("viewer").get("/v1/runs"), server.anonymous().get("/v1/runs")):
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
