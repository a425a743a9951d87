"""The settings' pages: what an admin sets up without a program, each secret shown once."""

from __future__ import annotations

import html
import re

import pytest
from fastapi.testclient import TestClient

from api.asked import FORM_TOKEN
from tests.api.office import ROLES, Office, of

PHRASE = "an office phrase of length"
PAGES = ("people", "programs", "platforms", "notices")


def send(caller: TestClient, path: str, status: int = 200, **form: str) -> str:
    """A form of a page, and the page it leads to."""
    answer = caller.post(path, data={"form_token": caller.headers[FORM_TOKEN], **form})
    assert answer.status_code == status, answer.text
    return str(answer.text)


def shown(page: str) -> str:
    """What a page shows once."""
    found = re.search(r'class="once".*?<code[^>]*>([^<]+)</code>', page, re.DOTALL)
    assert found, page
    return found[1]


def id_of(server: Office, login: str) -> str:
    return server.served.accounts.named(login).account_id


def test_settings_are_there_for_admins_and_for_nobody_else(server: Office) -> None:
    for role in ("viewer", "operator", "approver"):
        assert 'href="/settings"' not in server.by(role).get("/").text
        assert [server.by(role).get(f"/settings/{name}").status_code for name in ("tenants", *PAGES)] == [403] * 5
    admin, one_tenants = server.by("admin").get("/settings").text, server.by("stranger").get("/settings").text
    assert all(f'href="/settings/{name}"' in admin for name in ("tenants", *PAGES))
    assert [name for name in PAGES if f'href="/settings/{name}"' in one_tenants] == []
    assert "Theirs Ltd" in (listed := server.by("stranger").get("/settings/tenants").text) and "Ours" not in listed
    assert server.by("stranger").get("/settings/tenants/ours").status_code == 404
    assert server.anonymous().get("/settings", follow_redirects=False).headers["Location"] == "/login?next=/settings"


def test_whoever_must_log_in_first_comes_to_where_they_wanted(server: Office) -> None:
    visitor, wanted = server.anonymous(), "/audit?who=ann%26bob&action=log+in"
    server.served.accounts.add("new@example.org", password=PHRASE, grants=[ROLES["admin"]])
    form = visitor.get(wanted)
    next_ = re.search(r'name="next" value="([^"]*)"', form.text)
    assert next_ is not None
    given = {"login": "new@example.org", "password": PHRASE, "next": html.unescape(next_[1])}
    assert visitor.post("/login", data=given, follow_redirects=False).headers["Location"] == wanted


def test_a_colleague_comes_by_a_link_that_is_shown_once(server: Office) -> None:
    admin = server.by("admin")
    link = shown(send(admin, "/settings/people/invitations", role="operator", tenant="ours"))
    assert link.startswith("http://testserver/welcome/")
    assert link not in admin.get("/settings/people").text
    entered = server.anonymous().post(link, data={"login": "new@example.org", "name": "Nell", "password": PHRASE})
    assert entered.status_code == 200
    row = next(line for line in re.split("<tr>", admin.get("/settings/people").text) if "new@example.org" in line)
    assert "Operator" in row and "ours" in row and "active" in row
    wrong = send(admin, "/settings/people/invitations", 422, role="owner", tenant="ours")
    assert 'role="alert"' in wrong and "no role was chosen" in wrong


def test_roles_are_given_and_taken_one_by_one(server: Office) -> None:
    admin, person = server.by("admin"), f"/settings/people/{id_of(server, 'viewer@example.org')}"
    assert "The roles are changed" in send(admin, f"{person}/roles", role="approver", tenant="theirs")
    grants = server.served.accounts.named("viewer@example.org").grants
    assert [str(grant) for grant in grants] == ["viewer of ours", "approver of theirs"]
    send(admin, f"{person}/roles/taken", role="viewer", tenant="ours")
    assert [str(one) for one in server.served.accounts.named("viewer@example.org").grants] == ["approver of theirs"]
    own = f"/settings/people/{id_of(server, 'admin@example.org')}"
    assert "this is the only admin" in send(admin, f"{own}/roles/taken", 422, role="admin", tenant="*")
    assert admin.get("/settings/people/nobody").status_code == 404


def test_whoever_is_shut_out_is_out_at_once_and_comes_back_when_let_in(server: Office) -> None:
    admin, viewer = server.by("admin"), server.by("viewer")
    person = f"/settings/people/{id_of(server, 'viewer@example.org')}"
    assert "The account is disabled" in send(admin, f"{person}/state", do="disable")
    assert viewer.get("/v1/session").status_code == 401
    assert "The account is enabled" in send(admin, f"{person}/state", do="enable")
    link = shown(send(admin, f"{person}/link"))
    assert server.anonymous().post(link, data={"password": PHRASE}).status_code == 200


def test_a_programs_token_is_shown_once_and_revoked(server: Office) -> None:
    admin = server.by("admin")
    key = shown(send(admin, "/settings/programs", name="nightly", role="operator", tenant="ours", days="30"))
    program = server.anonymous()
    program.headers["Authorization"] = f"Bearer {key}"
    assert of(program.get("/v1/session"))["grants"] == [{"tenant": "ours", "role": "operator"}]
    page = admin.get("/settings/programs").text
    assert "nightly" in page and "valid" in page and key not in page
    (token,) = server.served.tokens.all()
    assert "revoked" in send(admin, f"/settings/programs/{token.token_id}/revoked")
    assert program.get("/v1/session").status_code == 401
    for wrong in ({"days": "900"}, {"days": "x"}, {"name": ""}, {"role": "admin"}):
        form = {"name": "n", "role": "viewer", "tenant": "ours", "days": "9", **wrong}
        assert 'role="alert"' in send(admin, "/settings/programs", 422, **form)


def test_a_tenant_is_registered_and_what_is_said_of_it_changed(server: Office) -> None:
    admin = server.by("admin")
    assert "Acme Ltd" in send(admin, "/settings/tenants", tenant="acme", name="Acme Ltd", contact="Ann", language="fr")
    for odd in ("a/b", "..", "*", ""):
        assert 'role="alert"' in send(admin, "/settings/tenants", 422, tenant=odd, language="fr")
    assert "there is a tenant" in send(admin, "/settings/tenants", 422, tenant="acme", language="fr")
    assert "It is kept" in send(admin, "/settings/tenants/acme", name="Acme SA", contact="Bea, 9 to 5", language="en")
    found = server.served.tenants.find("acme")
    assert found is not None and (found.name, found.contact, found.language) == ("Acme SA", "Bea, 9 to 5", "en")
    page = admin.get("/settings/tenants/ours").text
    assert "viewer@example.org" in page and "SOURCE_URL" in page and "stranger@example.org" not in page


@pytest.mark.parametrize("path", ["/settings/platforms", "/settings/platforms/LEGACY/address"])
def test_an_address_is_written_and_no_page_shows_it_again(server: Office, path: str) -> None:
    admin = server.by("admin")
    form = {"name": "LEGACY", "url": "postgresql://reader:s3cr3t-w0rd@127.0.0.1:1/crm", "tenant": "ours"}
    written = {"access_key": "AKIA-own", "secret_key": "s3cr3t-key"}
    pages = [send(admin, "/settings/platforms", **form, **written)]
    pages.append(send(admin, path, 422 if path == "/settings/platforms" else 200, **form, **written))
    pages.append(send(admin, "/settings/platforms/LEGACY/trial"))
    pages += [admin.get(f"/settings/platforms{one}").text for one in ("", "/LEGACY")]
    assert not [page for page in pages if "s3cr3t" in page or "AKIA" in page]
    assert "reader:***@127.0.0.1" in pages[-1] or "reader@127.0.0.1" in pages[-1]
    found = server.served.platforms.find("LEGACY")
    assert found is not None and found.tenants == ("ours",)
    assert 'class="badge red"' in pages[2] and "To read from" in pages[2]


def test_a_platform_is_opened_to_tenants_tried_and_removed(server: Office) -> None:
    admin, own = server.by("admin"), "/settings/platforms/SOURCE_URL"
    send(admin, f"{own}/tenants", tenant="theirs")
    send(admin, f"{own}/tenants/taken", tenant="ours")
    for odd in ("nobody", "", "x" * 300):
        send(admin, f"{own}/tenants", 404, tenant=odd)
    found = server.served.platforms.find("SOURCE_URL")
    assert found is not None and found.tenants == ("theirs",)
    tried = send(admin, f"{own}/trial")
    assert "To write to" in tried and "green" in tried
    assert "ours-away" in (page := admin.get(own).text) and "These plans name it" in page
    send(admin, f"{own}/removed")
    assert server.served.platforms.find("SOURCE_URL") is not None
    send(admin, f"{own}/removed", sure="on")
    assert server.served.platforms.find("SOURCE_URL") is None
    assert admin.get(own).status_code == 404


def test_somebody_is_told_and_the_secret_is_shown_once(server: Office) -> None:
    admin = server.by("admin")
    form = {"name": "hook", "url": "https://hooks.example.org/k3y/7f3a", "tenant": "ours", "run.done": "on"}
    page = send(admin, "/settings/notices", **form)
    assert shown(page).startswith("whsec_") and "k3y" not in page
    assert "whsec_" not in admin.get("/settings/notices/hook").text
    assert [one.about for one in server.served.subscriptions.all()] == [("run.done",)]
    assert "on its way" in send(admin, "/settings/notices/hook/test")
    mail = send(admin, "/settings/notices/hook", **{**form, "url": "mailto:ann@example.org"})
    assert "told by mail" in mail and "whsec_" not in mail
    for wrong in ({"url": "http://intranet/"}, {"tenant": ""}, {"tenant": "nobody"}, {"name": "A b"}):
        status = 404 if wrong.get("tenant") == "nobody" else 422
        assert 'role="alert"' in send(admin, "/settings/notices", status, **{**form, "name": "other", **wrong})
    assert "told already" in send(admin, "/settings/notices", 422, **form)
    send(admin, "/settings/notices/hook/removed")
    assert server.served.subscriptions.all() == ()


def test_every_page_of_the_settings_is_there_in_french(server: Office) -> None:
    admin = server.by("admin")
    own = id_of(server, "admin@example.org")
    server.served.accounts.set_language(own, "fr")
    paths = ["/settings", *(f"/settings/{name}" for name in ("tenants", *PAGES))]
    paths += ["/settings/tenants/ours", "/settings/platforms/SOURCE_URL", f"/settings/people/{own}"]
    for path in paths:
        page = admin.get(path)
        assert page.status_code == 200 and '<html lang="fr">' in page.text and "Réglages" in page.text, path
    assert "Administrateur" in page.text


def test_whoever_is_refused_keeps_their_language_and_the_ways_elsewhere(server: Office) -> None:
    viewer = server.by("viewer")
    server.served.accounts.set_language(id_of(server, "viewer@example.org"), "fr")
    for path, status in (("/settings", 403), ("/archives/none", 404)):
        page = viewer.get(path, headers={"Accept-Language": "en"})
        assert page.status_code == status and '<html lang="fr">' in page.text and "Se déconnecter" in page.text
    assert "Se déconnecter" not in server.anonymous().get("/static/none", headers={"Accept-Language": "fr"}).text
