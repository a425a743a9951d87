"""Logging in through a real OpenID Connect provider on the loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.asked import COOKIE
from migrator.wiring import served
from tests.acceptance.world import World
from tests.api.office import Office, of
from tests.servers import canaille
from tests.servers.canaille import SECRET, Canaille

PHRASE = "an office phrase of length"
PROVIDER = """\
issuer: {issuer}
client: migrator
name: our office
login: email
scopes: [openid, profile, email, groups]
roles:
  - {{group: migrator-operators, role: operator, tenant: ours}}
  - {{group: migrator-admins, role: admin, tenant: "*"}}
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Canaille]:
    with canaille.running() as running:
        yield running


@pytest.fixture
def office(world: World, provider: Canaille) -> Iterator[Office]:
    described = world.folder / "provider.yaml"
    described.write_text(PROVIDER.format(issuer=provider.issuer), encoding="utf-8")
    told = {
        "MIGRATOR_HOME": str(world.home),
        "MIGRATOR_OIDC": str(described),
        "MIGRATOR_OIDC_SECRET": SECRET,
        "MIGRATOR_PUBLIC_URL": "http://testserver",
    }
    with patch.dict(os.environ, told), served() as offered:
        callers = {"admin": TestClient(create_app(offered), follow_redirects=False)}
        yield Office(served=offered, world=world, callers=callers)


def left(caller: TestClient, next: str = "/") -> str:
    """Where the browser is sent."""
    answer = caller.get("/login/provider", params={"next": next}, follow_redirects=False)
    assert answer.status_code == 303
    return str(answer.headers["location"])


def came_back(office: Office, provider: Canaille, login: str, next: str = "/") -> tuple[TestClient, int, str]:
    """A new browser's whole way; where it ended, too."""
    caller = office.anonymous()
    answer = caller.get(provider.sent_back(login, left(caller, next)), follow_redirects=False)
    return caller, answer.status_code, answer.headers.get("location", answer.text)


def test_who_is_in_a_group_comes_in_with_its_role(office: Office, provider: Canaille) -> None:
    page = office.anonymous().get("/login", params={"next": "/approvals"})
    assert "our office" in page.text and 'href="/login/provider?next=/approvals"' in page.text
    caller, status, where = came_back(office, provider, "ann", "/approvals?of=ours")
    assert (status, where) == (303, "/approvals?of=ours"), where
    me = of(caller.get("/v1/session"))
    assert (me["name"], me["grants"]) == ("ann@example.org", [{"tenant": "ours", "role": "operator"}])
    came_back(office, provider, "ann")
    (account,) = office.served.accounts.all()
    assert (account.issuer, account.name, account.has_password) == (provider.issuer, "Ann", False)
    wrong = {"login": "ann@example.org", "password": ""}
    assert office.anonymous().post("/v1/session", json=wrong).status_code == 401


def test_who_is_in_no_group_that_has_a_role_stays_outside(office: Office, provider: Canaille) -> None:
    caller, status, page = came_back(office, provider, "bob")
    assert status == 403 and "bob@example.org" in page and COOKIE not in caller.cookies
    assert office.served.accounts.all() == ()
    assert [entry.object for entry in office.served.audit.entries()] == ["bob@example.org"]


def test_a_role_that_is_taken_away_is_gone_with_the_sessions_that_had_it(office: Office, provider: Canaille) -> None:
    inside, _, _ = came_back(office, provider, "ann")
    assert inside.get("/v1/session").status_code == 200
    openid = office.served.openid
    assert openid is not None
    without = replace(office.served, openid=replace(openid, provider=replace(openid.provider, rules=())))
    elsewhere = replace(office, served=without, callers={"admin": TestClient(create_app(without))})
    assert came_back(elsewhere, provider, "ann")[1] == 403
    assert inside.get("/v1/session").status_code == 401


def test_a_disabled_account_stays_outside(office: Office, provider: Canaille) -> None:
    came_back(office, provider, "ann")
    (account,) = office.served.accounts.all()
    office.served.accounts.disable(account.account_id)
    assert came_back(office, provider, "ann")[1] == 403


def test_an_account_with_a_password_is_not_taken_over_by_its_name(office: Office, provider: Canaille) -> None:
    office.served.accounts.add("ann@example.org", password=PHRASE)
    assert came_back(office, provider, "ann")[1] == 422
    (account,) = office.served.accounts.all()
    assert account.grants == () and account.has_password


def test_an_answer_is_good_for_the_browser_that_asked_and_once(office: Office, provider: Canaille) -> None:
    first, other = office.anonymous(), office.anonymous()
    answer = provider.sent_back("ann", left(first))
    left(other)
    assert other.get(answer, follow_redirects=False).status_code == 422  # the state of another login
    assert office.anonymous().get(answer, follow_redirects=False).status_code == 400
    kept = dict(first.cookies)
    assert first.get(answer, follow_redirects=False).status_code == 303
    again = office.anonymous()
    again.cookies.update(kept)
    assert again.get(answer, follow_redirects=False).status_code == 502  # the provider takes a code once
    assert [entry.action for entry in office.served.audit.entries()] == ["log in"]


def test_what_the_provider_is_asked_keeps_a_login_to_itself(office: Office, provider: Canaille) -> None:
    caller = office.anonymous()
    sent = caller.get("/login/provider", params={"next": "https://elsewhere.example/"}, follow_redirects=False)
    asked = {name: one for name, (one,) in parse_qs(urlsplit(sent.headers["location"]).query).items()}
    assert asked["code_challenge_method"] == "S256" and {"state", "nonce", "code_challenge"} <= set(asked)
    assert asked["redirect_uri"] == canaille.BACK and SECRET not in sent.headers["location"]
    cookie = sent.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "elsewhere" not in cookie
    refused = caller.get("/login/provider/back", params={"state": asked["state"], "error": "access_denied"})
    assert refused.status_code == 422 and "did not let you in" in refused.text


def test_a_provider_that_is_away_is_said_and_passwords_still_work(office: Office) -> None:
    openid = office.served.openid
    assert openid is not None
    away = replace(openid, provider=replace(openid.provider, issuer="http://127.0.0.1:1"))
    without = replace(office.served, openid=away)
    caller = TestClient(create_app(without), follow_redirects=False)
    assert caller.get("/login/provider").status_code == 503
    office.served.accounts.add("eve@example.org", password=PHRASE)
    login = {"login": "eve@example.org", "password": PHRASE}
    of(caller.post("/v1/session", json=login), 201)
