"""What somebody who means harm sends: it is refused, it reaches nobody, and it never makes the server fail."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from api.app import create_app
from api.asked import COOKIE, FORM_TOKEN
from api.pages.entrance import own_path
from migrator.access.exported import check_script
from migrator.registry.platforms import Secret
from tests.api.office import ROLES, Office, of

PHRASE = "an office phrase of length"
PLAN = "/v1/tenants/ours/plans/ours-away"
LOGIN = {"login": "new@example.org", "password": PHRASE}


# ── other sites ─────────────────────────────────────────────────────────────────────────────────────────────
def test_what_another_site_makes_a_browser_send_is_refused(server: Office) -> None:
    server.served.accounts.add("new@example.org", password=PHRASE)
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://testserver.evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        refused = server.by("operator").post(f"{PLAN}/snapshots", json={}, headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forged")
        stranger = server.anonymous()  # nor does it log anybody in as somebody else
        assert stranger.post("/login", data=LOGIN, headers=headers).status_code == 403
        assert stranger.post("/v1/session", json=LOGIN, headers=headers).status_code == 403
        assert not stranger.cookies


def test_what_our_own_pages_send_is_heard(server: Office) -> None:
    for headers in ({"Origin": "http://testserver"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        of(server.by("operator").post(f"{PLAN}/snapshots", json={}, headers=headers), 202)


def test_no_other_site_is_told_anything(server: Office) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    for answer in (
        server.by("viewer").get("/v1/runs", headers=asked),
        server.by("viewer").options("/v1/runs", headers=asked),
    ):
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


# ── sessions ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_session_that_somebody_chose_is_not_taken_up(server: Office) -> None:
    account = server.served.accounts.add("new@example.org", password=PHRASE, grants=[ROLES["viewer"]])
    chosen = server.served.sessions.begin(account.account_id, address="")
    for key in ("chosen by somebody else", chosen):
        caller = server.anonymous()
        caller.cookies.set(COOKIE, key)
        entered = caller.post("/v1/session", json=LOGIN)
        assert of(entered, 201) and entered.cookies[COOKIE] != key
        thief = server.anonymous()
        thief.cookies.set(COOKIE, key)
        assert thief.get("/v1/session").status_code == 401


def test_by_https_the_cookie_is_of_this_host_alone(server: Office) -> None:
    server.served.accounts.add("new@example.org", password=PHRASE)
    caller = TestClient(create_app(server.served, is_secure=True), base_url="https://testserver")
    entered = caller.post("/v1/session", json=LOGIN)
    cookie = entered.headers["Set-Cookie"]
    assert cookie.startswith(f"__Host-{COOKIE}=") and "; Secure" in cookie and "Domain" not in cookie
    assert "max-age" in entered.headers["Strict-Transport-Security"]
    assert caller.get("/v1/session").status_code == 200
    neighbour = TestClient(caller.app, base_url="https://testserver")
    neighbour.cookies.set(COOKIE, entered.cookies[f"__Host-{COOKIE}"])  # as a neighbouring host could set it
    assert neighbour.get("/v1/session").status_code == 401


def test_who_logs_in_is_led_nowhere_else(server: Office) -> None:
    server.served.accounts.add("new@example.org", password=PHRASE)
    form = {**LOGIN, "next": "//evil.example"}
    answer = server.anonymous().post("/login", data=form, follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    elsewhere = ("https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example", "/\r\nX: y", "")
    assert {own_path(path) for path in elsewhere} == {"/"}
    assert own_path("/runs/1?a=//b") == "/runs/1?a=//b"


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────
BODIES: list[bytes] = [
    b"",
    b"\xff\xfe",
    b"null",
    b'{"a": NaN}',
    b"[" * 200_000,
    b'{"login": ' * 50_000,
    b'{"login": "\\ud800", "password": "\\ud800"}',
    b'{"login": "a\\u0000b", "password": "x"}',
    b'{"login": ' + b"1" * 6000 + b"}",
    b'{"login": {"a": 1}, "password": []}',
    json.dumps({"tenant": "a\0b"}).encode("utf-16"),
    b'{"tenant": "a\xed\xa0\x80b"}',
    b"login=a%00b&password=x",
    b"&".join(b"a%d=1" % number for number in range(300)),
]


def test_no_text_makes_the_server_fail(server: Office) -> None:
    kinds = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "x")
    places = ("/v1/session", "/login", "/v1/invitations/x", "/welcome/x", f"{PLAN}/snapshots", "/v1/tenants")
    server.by("admin").follow_redirects = False
    for number, body in enumerate(BODIES):
        for kind in kinds:
            for place in places:
                answer = server.by("admin").post(place, content=body, headers={"Content-Type": kind})
                assert 400 <= answer.status_code < 500, (place, kind, number, answer.text)


PATHS = [
    "/v1/runs/%00",
    "/v1/runs/..%2f..%2fetc%2fpasswd",
    "/v1/runs/%ff%fe",
    "/v1/runs/" + "x" * 4000,
    "/v1/runs?after=%00",
    "/v1/runs?after=AAAA%F0",
    "/v1/runs?after=WyJcdWQ4MDAiLCAieCJd",  # half of a character
    "/v1/runs?limit=1e9",
    "/v1/runs?limit=" + "9" * 5000,
    "/v1/audit?after=" + "9" * 40,
    "/v1/tenants/ours/plans/ours-away/versions/" + "9" * 40,
    "/v1/tenants/ours/plans/ours-away/versions/1/changes?since=-" + "9" * 40,
    "/v1/tenants/ours/plans/..%2f..%2fx",
    "/v1/tenants/%F0%9F%98%80/plans",
    "/v1/runs/x/report.%2e%2e",
    "/static/..%2fapp.py",
    "/static/../../app.py",
    "/welcome/%ed%a0%80",
    "/login?next=%00",
]


def test_no_address_makes_the_server_fail(server: Office) -> None:
    for path in PATHS:
        for role in ("admin", "viewer"):
            answer = server.by(role).get(path)
            assert answer.status_code < 500, (path, answer.text)
            assert "root:x" not in answer.text and "create_app" not in answer.text, path


def test_no_header_makes_the_server_fail(server: Office) -> None:
    operator = server.by("operator")
    for headers in (
        {FORM_TOKEN: "é".encode("latin-1")},
        {"Authorization": b"Bearer \xff"},
        {"Cookie": b"migrator_session=\xff; =; ;;"},
        {"Idempotency-Key": b"\xff"},
        {"If-Match": '"' + "9" * 400 + '"'},
        {"Accept-Language": "," * 5000},
        {"Range": "bytes=0-" + "9" * 400},
    ):
        for answer in (
            operator.get("/v1/runs", headers=headers),
            operator.put(PLAN, json={"text": "x"}, headers=headers),
        ):
            assert answer.status_code < 500, (headers, answer.text)


def test_a_form_that_does_not_fit_is_refused_and_no_defect(server: Office) -> None:
    for reason in ("", "x" * 3000):
        refused = server.by("operator").post(PLAN.removeprefix("/v1") + "/migrations", data={"reason": reason})
        assert refused.status_code == 422 and "reason" in refused.text


def test_a_small_text_does_not_become_a_large_one(server: Office) -> None:
    """Aliases of aliases: a few lines of YAML that would be a thousand million."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 9)
    )
    operator = server.by("operator")
    for text in (bomb, "a: " + "[" * 2000, "!!python/object/apply:os.system [id]", "a: !!binary x"):
        written = operator.put(PLAN, json={"text": text}, headers={"If-Match": '"1"'})
        assert written.status_code == 422, written.text


def test_what_somebody_types_is_shown_as_text(server: Office) -> None:
    typed = '"><script>alert(1)</script>'
    page = server.anonymous().post("/login", data={"login": typed, "password": "x", "next": typed})
    assert page.status_code == 401 and "<script>alert" not in page.text
    problem = server.by("viewer").get(f"/tenants/{typed}")
    assert problem.status_code == 404 and "<script>alert" not in problem.text


# ── addresses ───────────────────────────────────────────────────────────────────────────────────────────────
def written(server: Office, old: str, new: str) -> Any:
    operator = server.by("operator")
    text = of(operator.get(PLAN))["text"]
    assert old in text
    return operator.put(PLAN, json={"text": text.replace(old, new)}, headers={"If-Match": '"1"'})


def test_no_operator_makes_the_server_call_somewhere(server: Office) -> None:
    for address in (
        "file:///etc",
        "s3://bucket/x?endpoint=http://169.254.169.254",
        "http://127.0.0.1:22/",
        "${MIGRATOR_HOME}/store",
    ):
        for name in ("SOURCE_URL", "STORE_URL", "TARGET_URL"):
            refused = of(written(server, f"${{{name}}}", address), 422)
            assert "platform" in refused["title"], (name, refused)


def test_what_a_platform_keeps_secret_is_written_into_no_plan(server: Office) -> None:
    """An address stands where addresses stand; as a value it would be shown to whoever wrote the plan."""
    secret = "s3cr3t-w0rd"  # noqa: S105
    given = {"url": f"postgresql://reader:{secret}@db.example.org/crm", "access_key": "AKIAOWN", "secret_key": secret}
    of(server.by("admin").put("/v1/platforms/LEGACY", json={**given, "tenants": ["ours"]}))
    for old, new in (
        ("id: 1}", 'id: "${LEGACY}"}'),
        ("root: {table: firms, where: {id: 1}}", 'root: {column: "${LEGACY}=1"}'),
        ("root: {table: firms, where: {id: 1}}", 'root: {schema: "${LEGACY}"}'),
        ("mapping: mapping.yaml", 'mapping: "${LEGACY}"'),
        ("${STORE_URL}", "${AWS_SECRET_ACCESS_KEY_LEGACY}"),
        ("${STORE_URL}", "${LEGACY}/../x"),
    ):
        refused = written(server, old, new)
        assert refused.status_code == 422 and secret not in refused.text, new
        assert "AWS_" not in refused.json()["next"]


def test_an_archive_is_named_by_its_id_and_never_by_an_address(server: Office) -> None:
    operator = server.by("operator")
    for archive in ("file:///etc/passwd", "../..", "s3://bucket/x", str(server.world.store)):
        assert operator.post(f"{PLAN}/rehearsals", json={"archive": archive}).status_code == 404
        assert operator.get(f"{PLAN}/check", params={"archive": archive}).status_code == 404


def test_an_archive_goes_to_platforms_of_its_tenant_and_nowhere_else(server: Office) -> None:
    operator = server.by("operator")
    of(operator.post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    (archive,) = of(operator.get("/v1/archives"))["items"]
    place = f"/v1/archives/{archive['archive_id']}"
    server.served.platforms.put("THEIRS_URL", Secret("sqlite:////their.db"), tenants=["theirs"], by="test")
    for address in (
        "file:///tmp/x",
        "${THEIRS_URL}",
        "${STORE_URL}/../x",
        "${HOME}",
        "sqlite:////tmp/x.db",
        "s3://b/x",
    ):
        for path, given in (("copies", {"store": address}), ("restores", {"platform": address})):
            assert operator.post(f"{place}/{path}", json=given).status_code == 422, (path, address)


def test_a_mapping_reads_nothing_but_its_row(server: Office) -> None:
    operator = server.by("operator")
    of(operator.post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    path = "/v1/tenants/ours/mappings/mapping.yaml"
    text = of(operator.get(path))["text"]
    hostile = ("(SELECT content FROM read_text('/etc/passwd'))", "getenv('HOME')", "1); COPY (SELECT 1) TO '/tmp/x' --")
    for number, expression in enumerate(hostile, 1):
        changed = text.replace("name: name", f'name: {{sql: "{expression}"}}', 1)
        of(operator.put(path, json={"text": changed}, headers={"If-Match": f'"{number}"'}))
        refused = operator.get(f"{PLAN}/check")
        assert "refused" in refused.text and refused.json()["problems"], (expression, refused.text)


# ── the audit ───────────────────────────────────────────────────────────────────────────────────────────────
def test_an_export_of_the_audit_is_checked_by_a_shell(server: Office, tmp_path: Path) -> None:
    admin = server.by("admin")
    of(server.by("operator").post(f"{PLAN}/snapshots", json={}), 202)
    (tmp_path / "audit.txt").write_bytes(admin.get("/v1/audit/export").content)
    (tmp_path / "check-audit.sh").write_bytes(admin.get("/v1/audit/check-audit.sh").content)
    assert (tmp_path / "check-audit.sh").read_text() == check_script()
    key = server.served.service.settings.keys
    assert key.is_dir()
    done = subprocess.run(
        ["sh", "check-audit.sh", "audit.txt"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and done.stdout.startswith("GREEN"), done
    entries = [json.loads(line.partition(" ")[2]) for line in (tmp_path / "audit.txt").read_text().splitlines()[:-5]]
    assert [entry["action"] for entry in entries] == ["start snapshot", "export"]
