"""Plans on pages: composed from a form, edited with what is wrong at its line, versions side by side."""

from __future__ import annotations

import html
import re

from api.asked import FORM_TOKEN
from migrator.registry.documents import Kind
from tests.api.office import Office, of

HERE = "/tenants/ours/plans/ours-away"
PLAN = f"/v1{HERE}"
NEW = {"name": "again", "source": "SOURCE_URL", "store": "STORE_URL", "table": "firms", "column": "id", "value": "1"}


def text_of(page: str) -> str:
    """What stands in the editor."""
    (found,) = re.findall(r"<textarea id=\"text\".*?>\n?(.*?)</textarea>", page, re.DOTALL)
    return html.unescape(found)


def kept(server: Office, text: str, *, after: int, role: str = "operator", name: str = "ours-away") -> None:
    given = {"text": text, "note": "more"}
    of(server.by(role).put(f"/v1/tenants/ours/plans/{name}", json=given, headers={"If-Match": f'"{after}"'}))


def test_a_plan_comes_from_a_form_and_is_kept_as_text(server: Office) -> None:
    operator = server.by("operator")
    assert "SOURCE_URL" in operator.get("/tenants/ours/new-plan").text
    composed = operator.post("/tenants/ours/new-plan", data=NEW)
    assert composed.status_code == 200
    text = text_of(composed.text)
    assert "root: {table: firms, where: {id: 1}}" in text and "url: ${SOURCE_URL}" in text
    done = operator.post(
        "/tenants/ours/plans/again/edit", data={"text": text, "after": "0", "note": ""}, follow_redirects=False
    )
    assert (done.status_code, done.headers["location"]) == (303, "/tenants/ours/plans/again")
    assert of(operator.get("/v1/tenants/ours/plans/again"))["text"] == text
    assert operator.get("/tenants/ours/plans/again").status_code == 200
    assert [one.action for one in server.served.audit.entries(tenant="ours", limit=100)] == ["write plan"]
    taken = operator.post("/tenants/ours/new-plan", data=NEW)
    assert taken.status_code == 422 and "already" in taken.text
    assert operator.post("/tenants/ours/new-plan", data={**NEW, "name": "Not So"}).status_code == 422


def test_a_mistake_is_shown_at_its_line_and_nothing_is_lost(server: Office) -> None:
    operator = server.by("operator")
    text = of(operator.get(PLAN))["text"].replace("excluded:", "exclude:")
    wrong = operator.post(f"{HERE}/edit", data={"text": text, "after": "1", "note": "why <not>"})
    assert wrong.status_code == 422 and text_of(wrong.text) == text and "why &lt;not&gt;" in wrong.text
    line = text[: text.index("exclude:")].count("\n") + 1
    assert f"In line {line}." in wrong.text
    (shown,) = re.findall(r'<tr class="at">.*?</tr>', wrong.text)
    assert "exclude:" in shown and str(line) in shown
    foreign = text.replace("exclude:", "excluded:").replace("${SOURCE_URL}", "sqlite:////etc/passwd")
    assert operator.post(f"{HERE}/edit", data={"text": foreign, "after": "1"}).status_code == 422
    assert len(of(operator.get(f"{PLAN}/versions"))["items"]) == 1


def test_a_text_can_be_checked_and_not_kept(server: Office) -> None:
    operator = server.by("operator")
    text = of(operator.get(PLAN))["text"] + "# more\n"
    checked = operator.post(f"{HERE}/edit", data={"text": text.replace("\n", "\r\n"), "after": "1", "do": "check"})
    assert checked.status_code == 200 and "✔" in checked.text and text_of(checked.text) == text
    assert len(of(operator.get(f"{PLAN}/versions"))["items"]) == 1


def test_who_writes_second_sees_what_the_first_wrote(server: Office) -> None:
    operator = server.by("operator")
    text = of(operator.get(PLAN))["text"]
    kept(server, text + "# of the admin\n", after=1, role="admin")
    mine = text + "# of the operator\n"
    stale = operator.post(f"{HERE}/edit", data={"text": mine, "after": "1"})
    assert stale.status_code == 412 and text_of(stale.text) == mine
    assert "of the <mark>admin</mark>" in stale.text and 'name="after" value="2"' in stale.text
    assert operator.post(f"{HERE}/edit", data={"text": mine, "after": "2"}, follow_redirects=False).status_code == 303
    assert [one["written_by"] for one in of(operator.get(f"{PLAN}/versions"))["items"]] == [
        "setup",
        "admin@example.org",
        "operator@example.org",
    ]


def test_versions_stand_side_by_side_and_an_old_one_can_be_begun_from(server: Office) -> None:
    operator, viewer = server.by("operator"), server.by("viewer")
    text = of(operator.get(PLAN))["text"]
    kept(server, text + "# second\n", after=1)
    kept(server, text + "# third\n", after=2)
    shown = viewer.get(f"{HERE}/versions").text
    assert "<mark>second</mark>" in shown and "<mark>third</mark>" in shown
    first = viewer.get(f"{HERE}/versions", params={"old": 1, "new": 3}).text
    assert "# third" in first and "second" not in first
    assert "?version=" not in shown and "?version=1" in operator.get(f"{HERE}/versions").text
    begun = operator.get(f"{HERE}/edit", params={"version": 1}).text
    assert text_of(begun) == text and 'name="after" value="3"' in begun
    assert "# second" in viewer.get(f"{HERE}/versions/2").text
    mapping = "/tenants/ours/mappings/mapping.yaml"
    assert f"{mapping}/edit?version=" not in operator.get(f"{mapping}/versions").text  # there is one version alone
    text = server.served.documents.read(Kind.MAPPING, "ours", "mapping.yaml").text + "# second\n"
    server.served.documents.write(Kind.MAPPING, "ours", "mapping.yaml", text, by="ann", after=1)
    assert f"{mapping}/edit?version=1" in operator.get(f"{mapping}/versions").text
    assert "second" not in text_of(operator.get(f"{mapping}/edit?version=1").text)
    assert viewer.get(f"{HERE}/versions/9").status_code == 404


def test_whoever_may_not_write_is_shown_no_way_and_finds_none(server: Office) -> None:
    for role, status in (("viewer", 403), ("approver", 403), ("stranger", 404)):
        caller = server.by(role)
        for path in ("/tenants/ours/new-plan", f"{HERE}/edit"):
            assert caller.get(path).status_code == status
            assert caller.post(path, data={**NEW, "text": "x"}).status_code == status
    assert f"{HERE}/edit" not in server.by("viewer").get(HERE).text
    operator = server.by("operator")
    del operator.headers[FORM_TOKEN]
    assert operator.post(f"{HERE}/edit", data={"text": "x", "after": "1"}).status_code == 403
