"""The audit's page: looked through by who, what, when and whose, and taken along to be checked elsewhere."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime

import pytest

from migrator.access.roles import Principal, PrincipalKind
from tests.api.office import Office, of

BOB = Principal(kind=PrincipalKind.TOKEN, id="b", name="token nightly")


@pytest.fixture
def written(server: Office) -> Office:
    """130 entries of two tenants."""
    for number in range(120):
        tenant = ("ours", "theirs")[number % 2]
        server.served.audit.add(BOB, ("read rows", "read report")[number // 60], f"run-{number}", tenant=tenant)
    for number in range(10):
        server.by("admin").post("/v1/tenants", json={"tenant": f"t{number}"})
    return server


def numbers(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'<th scope="row" class="r">(\d+)</th>', page)]


def follow(server: Office, page: str, rel: str, role: str = "admin") -> str:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    assert found, page
    return server.by(role).get(found[1].replace("&amp;", "&")).text


def test_it_is_read_in_pages_from_the_newest_and_back(written: Office) -> None:
    first = written.by("admin").get("/audit").text
    second = follow(written, first, "next")
    third = follow(written, second, "next")
    assert [*numbers(first), *numbers(second), *numbers(third)] == list(range(130, 0, -1))
    assert 'rel="prev"' not in first and 'rel="next"' not in third
    assert numbers(follow(written, third, "prev")) == numbers(second)
    assert "add tenant" in first and "t9" in first and "admin@example.org" in first


def test_what_is_looked_for_is_found(written: Office) -> None:
    for asked, count in (
        ("who=ADMIN", 10), ("action=read+rows&tenant=theirs", 30), ("object=run-119", 1), ("tenant=*", 10),
        ("who=nobody", 0), ("since=2999-01-01", 0), ("until=2000-01-01", 0), ("who=%25", 0),
    ):  # fmt: skip
        page = written.by("admin").get(f"/audit?{asked}").text
        assert len(numbers(page)) == count, asked
        assert bool(count) is not ("There is nothing like that" in page)
    admin, today = written.by("admin"), datetime.now(UTC).date().isoformat()
    assert len(numbers(admin.get(f"/audit?since={today}&until=9998-12-31").text)) == 50
    for odd in ("since=yesterday", "until=9999-12-31"):
        answer = admin.get(f"/audit?{odd}")
        assert answer.status_code == 422 and 'role="alert"' in answer.text


def test_approvers_read_what_is_of_their_tenants_and_others_nothing(written: Office) -> None:
    approver = written.by("approver")
    page = approver.get("/audit").text
    assert len(numbers(page)) == 50 and "theirs" not in page and "check-audit.sh" not in page
    rest = follow(written, page, "next", "approver")
    assert len(numbers(rest)) == 10 and "theirs" not in rest
    assert numbers(approver.get("/audit?tenant=theirs").text) == numbers(approver.get("/audit?tenant=*").text) == []
    for role in ("viewer", "operator"):
        assert written.by(role).get("/audit").status_code == 403
        assert 'href="/audit"' not in written.by(role).get("/").text


def test_what_the_page_offers_checks_green(written: Office) -> None:
    admin, folder = written.by("admin"), written.world.folder
    for name in ("audit.txt", "check-audit.sh"):
        found = re.search(r'href="(/v1/audit/[^"]+)">[^<]*' + name, admin.get("/audit").text)
        assert found
        (folder / name).write_bytes(admin.get(found[1]).content)
    command = re.search(r"<pre[^>]*>(sh check-audit[^<]+)</pre>", admin.get("/audit").text)
    assert command
    checked = subprocess.run(command[1].split(), cwd=folder, capture_output=True, text=True, check=True)
    assert checked.stdout.startswith("GREEN: 131 entries") and "signed by" in checked.stdout


def test_programs_look_for_entries_too(written: Office) -> None:
    admin, approver = written.by("admin"), written.by("approver")
    assert len(of(admin.get("/v1/audit?who=token&action=read+report"))["items"]) == 60
    assert len(of(approver.get("/v1/tenants/ours/audit?action=read+report"))["items"]) == 30
    assert of(admin.get("/v1/audit?since=2999-01-01"))["items"] == []
    assert len(of(admin.get("/v1/audit?until=2999-01-01T00:00:00Z&limit=1000"))["items"]) == 130
    of(admin.get("/v1/audit?since=yesterday"), 422)
