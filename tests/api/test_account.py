"""One's own account: a password is changed by whoever knows it, and whoever else is in by it gets out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from fastapi.testclient import TestClient

from api.asked import COOKIE, FORM_TOKEN
from tests.api.office import ROLES, Office, of

PHRASE, OTHER = "an office phrase of length", "another phrase, longer"


def logged_in(server: Office, password: str = PHRASE) -> TestClient:
    caller = server.anonymous()
    entered = caller.post("/v1/session", json={"login": "new@example.org", "password": password})
    caller.headers[FORM_TOKEN] = of(entered, 201)["form_token"]
    return caller


def test_a_new_password_ends_every_other_session_and_every_link(server: Office) -> None:
    account = server.served.accounts.add("new@example.org", password=PHRASE, grants=[ROLES["viewer"]])
    caller, other = logged_in(server), logged_in(server)
    link = server.served.invitations.make(account_id=account.account_id, made_by="test")
    before = caller.cookies[COOKIE]
    of(caller.put("/v1/session/password", json={"old": "wrong", "new": OTHER}), 403)
    of(caller.put("/v1/session/password", json={"old": PHRASE, "new": "short"}), 422)
    assert other.get("/v1/session").status_code == 200
    told = of(caller.put("/v1/session/password", json={"old": PHRASE, "new": OTHER}))
    caller.headers[FORM_TOKEN] = told["form_token"]
    assert caller.cookies[COOKIE] != before
    assert [one.get("/v1/session").status_code for one in (caller, other)] == [200, 401]
    caller.cookies.clear()
    stolen = server.anonymous()
    stolen.cookies.set(COOKIE, before)
    assert stolen.get("/v1/session").status_code == 401
    assert server.anonymous().get(f"/v1/invitations/{link}").status_code == 404
    old = {"login": "new@example.org", "password": PHRASE}
    assert server.anonymous().post("/v1/session", json=old).status_code == 401
    logged_in(server, OTHER)


def test_who_sits_at_an_open_session_cannot_guess_its_password(server: Office) -> None:
    server.served.accounts.add("new@example.org", password=PHRASE)
    caller = logged_in(server)
    wrong = {"old": "wrong", "new": OTHER}
    answers = [caller.put("/v1/session/password", json=wrong).status_code for _ in range(6)]
    assert answers == [403] * 5 + [429]


def test_programs_and_people_of_a_provider_have_no_password_here(server: Office) -> None:
    given = {"old": PHRASE, "new": OTHER}
    assert server.program(ROLES["viewer"]).put("/v1/session/password", json=given).status_code == 403
    assert server.by("viewer").put("/v1/session/password", json=given).status_code == 403


def test_the_page_changes_it_and_the_language(server: Office) -> None:
    server.served.accounts.add("new@example.org", password=PHRASE, grants=[ROLES["viewer"]])
    caller = logged_in(server)
    form = {"form_token": caller.headers.pop(FORM_TOKEN), "old": "wrong", "new": OTHER}
    assert "The old one" in caller.get("/account").text
    assert caller.post("/account/language", data={**form, "language": "fr"}).status_code == 200
    assert "L’ancien" in caller.get("/account").text
    wrong = caller.post("/account/password", data=form)
    assert wrong.status_code == 403 and 'role="alert"' in wrong.text
    done = caller.post("/account/password", data={**form, "old": PHRASE})
    assert done.status_code == 200 and "autres sessions sont terminées" in done.text
    refused = caller.post("/account/password", data={**form, "old": OTHER, "form_token": "x"})
    assert refused.status_code == 403
    logged_in(server, OTHER)


def test_who_lost_an_account_has_no_link_that_opens_it(server: Office) -> None:
    account = server.served.accounts.add("new@example.org", password=PHRASE)
    link = server.served.invitations.make(account_id=account.account_id, made_by="test")
    of(server.by("admin").patch("/v1/accounts/new@example.org", json={"is_disabled": True}))
    assert server.anonymous().get(f"/v1/invitations/{link}").status_code == 404


def test_who_lost_an_account_let_nobody_in_before_they_left(server: Office) -> None:
    leaving = server.served.accounts.add("new@example.org", password=PHRASE, grants=[ROLES["admin"]])
    link = server.served.invitations.make(grants=[ROLES["admin"]], made_by=leaving.login)
    kept = server.served.invitations.make(grants=[ROLES["viewer"]], made_by="admin@example.org")
    of(server.by("admin").patch("/v1/accounts/new@example.org", json={"is_disabled": True}))
    assert server.anonymous().get(f"/v1/invitations/{link}").status_code == 404
    assert server.anonymous().get(f"/v1/invitations/{kept}").status_code == 200


def test_who_comes_by_a_provider_gets_no_other_way_in(server: Office) -> None:
    server.served.accounts.add("new@example.org", issuer="https://login.example.org", subject="7")
    refused = of(server.by("admin").post("/v1/accounts/new@example.org/link"), 422)
    assert "provider" in refused["title"]


def test_of_two_who_follow_a_link_at_once_one_gets_in(server: Office) -> None:
    key = server.served.invitations.make(grants=[ROLES["admin"]], made_by="test")
    callers = {name: server.anonymous() for name in ("one", "two")}

    def follow(name: str) -> int:
        given = {"login": name, "password": PHRASE}
        return int(callers[name].post(f"/v1/invitations/{key}", json=given).status_code)

    with ThreadPoolExecutor(2) as pool:
        statuses = dict(zip(callers, pool.map(follow, callers), strict=True))
    assert sorted(statuses.values())[0] == 201 and sorted(statuses.values())[1] in (404, 422)
    loser = next(name for name, status in statuses.items() if status != 201)
    login = {"login": loser, "password": PHRASE}
    assert server.anonymous().post("/v1/session", json=login).status_code == 401
