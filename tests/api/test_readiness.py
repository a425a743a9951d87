"""What a person sees of a plan before anything starts: what leaves, what is guessed, what stands in the way."""

from __future__ import annotations

import re

import pytest

from tests.api.office import Office, of
from tests.api.test_plans import HERE, PLAN, kept, text_of

GUESSED = """\
    references:
      - {table: notes, column: author_id, to: people.id, guessed: "named so; 2 of 2 values"}
      - {table: settings, column: name, to: people.name, guessed: "0 of 1 <values>"}
"""


@pytest.fixture
def guessing(server: Office) -> str:
    """A plan with two guesses, as text."""
    text = str(of(server.by("operator").get(PLAN))["text"])
    text = text.replace("    excluded:", GUESSED + "    excluded:")
    kept(server, text, after=1)
    return text


def test_what_leaves_is_a_tree_with_its_rows_and_paths(server: Office) -> None:
    shown = server.by("operator").get(f"{HERE}/scope", params={"count": True}).text
    rows = re.findall(r"(<tr>\s*<th scope=\"row\">.*?</span>(\w+).*?</tr>)", shown, re.DOTALL)
    lines = {name: line for line, name in rows}
    assert list(lines) == ["firms", "people", "notes", "settings"]
    assert "below firms" in lines["people"] and "firm_id" in lines["people"] and "66" in lines["people"]
    assert "below people" in lines["notes"] and "the vendor" in lines["settings"]
    assert "every table is decided" in shown
    read = [entry.action for entry in server.served.audit.entries(tenant="ours", limit=10)]
    assert read == ["read scope"]
    assert server.by("viewer").get(f"{HERE}/scope").status_code == 403
    assert server.by("stranger").get(f"{HERE}/scope").status_code == 404


def test_a_guess_is_red_until_somebody_confirms_it(server: Office, guessing: str) -> None:
    operator = server.by("operator")
    assert "Open guesses: 2" in operator.get(HERE).text
    told = operator.get(f"{HERE}/guesses").text
    assert "notes.author_id → people.id" in told and "0 of 1 &lt;values&gt;" in told
    done = operator.post(
        f"{HERE}/guesses", data={"after": "2", "guess-0": "true", "guess-1": "untrue"}, follow_redirects=False
    )
    assert (done.status_code, done.headers["location"]) == (303, HERE)
    text = of(operator.get(PLAN))["text"]
    wanted = guessing.replace(', guessed: "named so; 2 of 2 values"', "")
    assert text == "".join(line for line in wanted.splitlines(keepends=True) if "column: name" not in line)
    assert "Open guesses" not in operator.get(HERE).text
    assert "Nothing is guessed." in operator.get(f"{HERE}/guesses").text


def test_guesses_of_an_older_version_decide_nothing(server: Office, guessing: str) -> None:
    operator = server.by("operator")
    kept(server, guessing + "# third\n", after=2)
    stale = operator.post(f"{HERE}/guesses", data={"after": "2", "guess-0": "true"})
    assert stale.status_code == 412 and 'value="true" checked' in stale.text
    assert of(operator.get(PLAN))["version"] == 3
    same = operator.post(
        f"{HERE}/guesses", data={"after": "3", "guess-0": "", "guess-7": "true"}, follow_redirects=False
    )
    assert same.status_code == 303 and of(operator.get(PLAN))["version"] == 3
    assert server.by("viewer").get(f"{HERE}/guesses").status_code == 403


def test_an_open_guess_stands_red_in_what_leaves(server: Office, guessing: str) -> None:
    shown = server.by("operator").get(f"{HERE}/scope").text
    assert "Guessed, and confirmed by nobody" in shown and "no snapshot is taken" in shown
    assert shown.count("notes.author_id → people.id") == 1  # not once more among the other questions


def test_a_new_plan_is_drafted_only_for_who_sees_every_tenant(server: Office) -> None:
    given = {
        "name": "drafted", "source": "SOURCE_URL", "store": "STORE_URL", "target": "TARGET_URL",
        "mapping": "mapping.yaml", "table": "firms", "column": "id", "value": "1", "draft": "on",
    }  # fmt: skip
    assert server.by("operator").post("/tenants/ours/new-plan", data=given).status_code == 422
    drafted = server.by("admin").post("/tenants/ours/new-plan", data=given)
    assert drafted.status_code == 200
    text = text_of(drafted.text)
    assert "plan: drafted" in text and "guessed" not in text.split("shared:")[0].split("root:")[1].splitlines()[0]
    assert text.rstrip().endswith("url: ${TARGET_URL}") and "mapping: mapping.yaml" in text
    kept(server, text, after=0, role="admin", name="drafted")


def test_what_stands_in_the_way_is_told_part_by_part(server: Office) -> None:
    operator = server.by("operator")
    shown = operator.get(f"{HERE}/doctor")
    assert shown.status_code == 200 and "nothing stands in the way" in shown.text
    assert "What it will probably take" in shown.text
    server.world.target.unlink()
    broken = operator.get(f"{HERE}/doctor").text
    assert re.search(r"in the way: [1-9]", broken)
    assert server.by("viewer").get(f"{HERE}/doctor").status_code == 403


def test_the_gate_says_in_plain_words_why_a_migration_would_be_refused(server: Office) -> None:
    operator = server.by("operator")
    assert "Nobody can tell yet" in operator.get(f"{HERE}/gate").text
    of(operator.post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    assert of(operator.get(f"{PLAN}/gate"))["why"] == "never"
    assert "never rehearsed" in operator.get(f"{HERE}/gate").text
    of(operator.post(f"{PLAN}/rehearsals", json={}), 202)
    (rehearsal,) = server.perform()
    told = of(operator.get(f"{PLAN}/gate"))
    assert (told["is_open"], told["why"], told["rehearsal"]) == (True, None, rehearsal)
    assert "would be let through" in operator.get(f"{HERE}/gate").text
    part = operator.get(f"{HERE}/gate", headers={"HX-Request": "true"}).text
    assert "would be let through" in part and "<html" not in part
    kept(server, of(operator.get(PLAN))["text"] + "# another\n", after=1)
    changed = of(operator.get(f"{PLAN}/gate"))
    assert (changed["why"], changed["changed"], changed["is_open"]) == ("changed", ["plan"], False)
    assert "Changed since:" in operator.get(f"{HERE}/gate").text and rehearsal in operator.get(f"{HERE}/gate").text
    assert of(operator.get(f"{PLAN}/gate", params={"archive": "none"}), 404)


def test_a_closed_gate_is_waived_with_a_reason_that_the_approver_sees(server: Office) -> None:
    operator = server.by("operator")
    of(operator.post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    given = {"archive": "", "reason": "tonight", "waive": "tried by hand"}
    asked = operator.post(f"{HERE}/migrations", data=given, follow_redirects=False)
    assert asked.status_code == 303
    assert "tried by hand" in server.by("approver").get(asked.headers["location"]).text
