"""The evidence: the report inside the frame, and from each of its numbers to the rows, in two clicks."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from html import unescape

import pytest

from migrator.registry.documents import Kind
from tests.acceptance.office import mapping_of, rewritten
from tests.api.office import Office, of

PLAN = "/v1/tenants/ours/plans/ours-away"


@pytest.fixture
def moved(server: Office) -> str:
    """A committed load: keys are moved by 500, one row left out, one refused, one there before."""
    with closing(sqlite3.connect(server.world.source)) as connection, connection:
        connection.execute(
            "INSERT INTO people VALUES (4, 1, 'Zoe', 'calm', '50', 1), (5, 1, 'Dan', 'calm', '19', 1),"
            " (6, 1, 'Test', 'calm', '1', 1)"
        )
    mapping = mapping_of(server.world)
    rewritten(mapping, "people: {method: keep, target: persons}", "people: {method: offset, by: 500, target: persons}")
    rewritten(mapping, "  persons:\n", "  persons:\n    match: [nickname]\n")
    rewritten(
        mapping,
        "      - from: people\n",
        '      - from: people\n        where: "age <> \'19\'"\n        because: "trainees stay"\n'
        '        reject: [{when: "name = \'Test\'", because: "no person"}]\n',
    )
    write(server, Kind.MAPPING, "mapping.yaml", mapping.read_text(encoding="utf-8"))
    plan = server.world.plan.read_text(encoding="utf-8") + "  on_match: {persons: keep}\n"
    write(server, Kind.PLAN, "ours-away", plan)
    operator, approver = server.by("operator"), server.by("approver")
    for what in ("snapshots", "rehearsals"):
        of(operator.post(f"{PLAN}/{what}", json={}), 202)
        server.perform()
    asked = of(operator.post(f"{PLAN}/migrations", json={"reason": "tonight"}), 202)["approval"]
    run = of(approver.post(f"/v1/approvals/{asked}/decision", json={"grant": True}))["run_id"]
    server.perform()
    return str(run)


def write(server: Office, kind: Kind, name: str, text: str) -> None:
    server.served.documents.write(kind, "ours", name, text, by="setup", after=1)


def shown(server: Office, path: str, role: str = "viewer") -> str:
    answer = server.by(role).get(path)
    assert answer.status_code == 200, f"{path}: {answer.text[-300:]}"
    return unescape(answer.text)


def link(page: str, text: str) -> str:
    """Where the link of that text leads."""
    found = re.findall(rf'<a href="([^"]+)"[^>]*>(?:<[^>]+>)*{re.escape(text)}<', page)
    assert found, f"no link {text!r}"
    return str(found[0])


def verified(server: Office, run: str) -> str:
    """A verification after people changed what was loaded."""
    with closing(sqlite3.connect(server.world.target)) as connection, connection:
        connection.execute("UPDATE persons SET name = 'Benno' WHERE id = 502")
        connection.execute("DELETE FROM remarks WHERE id = 2")
    verification = of(server.by("operator").post(f"/v1/runs/{run}/verifications", json={}), 202)["run"]
    server.perform()
    return str(verification)


def test_two_clicks_from_a_red_number_to_the_archived_row(server: Office, moved: str) -> None:
    verification = verified(server, moved)
    page = shown(server, f"/runs/{verification}/evidence")
    assert "of 4 rows compared, 2 differ" in page
    rows = shown(server, link(page, "2"))
    assert "'Ben'" in rows and "no row" in rows
    archived = shown(server, re.findall(r'<a href="(/archives/[^"]+people[^"]+)"', rows)[0])
    assert "Ben" in archived and "Ada" not in archived
    of_one_table = shown(server, f"/runs/{verification}/evidence/differences?table=remarks")
    assert "'Ben'" not in of_one_table and "remarks" in of_one_table
    assert server.by("viewer").get(f"/runs/{verification}/evidence/differences?table=firms").status_code == 404


def test_every_part_of_an_equation_leads_to_its_rows(server: Office, moved: str) -> None:
    page = shown(server, f"/runs/{moved}/evidence")
    assert 'class="bar"' in page and "style=" not in page
    for part, there, absent in (
        ("excluded", ("Dan", "trainees stay"), "Ada"),
        ("rejected", ("Test", "no person"), "Ada"),
        ("loaded", ("Ada", "501", "Ben", "502"), "Dan"),
        ("kept", ("900", "people id 4"), "501"),
    ):
        path = f"/runs/{moved}/evidence/edges/0/{part}"
        assert f'href="{path}"' in page
        rows = shown(server, path)
        assert all(text in rows for text in there) and absent not in re.sub(r"(?s)^.*<h1>", "", rows), part
    rows = of(server.by("viewer").get(f"/v1/runs/{moved}/edges/0/rows", params={"count": 1, "start": 2}))
    assert (rows["matching"], rows["rows"]) == (
        3,
        [{"values": ["4", "1", "Zoe", "calm", "50", "1"], "became": "900", "action": "keep"}],
    )
    kept = of(server.by("viewer").get(f"/v1/runs/{moved}/edges/0/kept"))
    assert kept["rows"] == [{"key": {"id": "900"}, "origin": {"table": "people", "column": "id", "value": "4"}}]
    assert of(server.by("viewer").get(f"/v1/runs/{moved}/edges/0/merged"))["rows"] == []
    assert of(server.by("viewer").get(f"/v1/runs/{moved}/edges/9/rows"), 422)["next"]
    assert server.by("viewer").get(f"/runs/{moved}/evidence/edges/0/nothing").status_code == 404


def test_who_reads_rows_by_a_page_is_in_the_audit_and_a_stranger_reads_none(server: Office, moved: str) -> None:
    before = len(server.served.audit.entries(tenant="ours", limit=1000))
    for path in ("", "/edges/0/excluded", "/edges/0/kept", "/differences"):
        assert server.by("stranger").get(f"/runs/{moved}/evidence{path}").status_code == 404
        shown(server, f"/runs/{moved}/evidence{path}")
    entries = server.served.audit.entries(tenant="ours", limit=1000)[before:]
    assert [entry.action for entry in entries] == ["read report", "read rows", "read rows", "read rows"]


def test_a_load_that_was_refused_shows_its_findings_and_the_values_lead_to_their_rows(server: Office) -> None:
    with closing(sqlite3.connect(server.world.source)) as connection, connection:
        connection.execute("UPDATE people SET age = 'old' WHERE id = 2")
    operator = server.by("operator")
    of(operator.post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    of(operator.post(f"{PLAN}/rehearsals", json={}), 202)
    (run,) = server.perform()
    page = shown(server, f"/runs/{run}/evidence")
    assert "value cannot be cast to integer" in page
    rows = shown(server, re.findall(r'<a href="(/archives/[^"]+)"', page)[0])
    assert "Ben" in rows and "Ada" not in rows


def test_a_rollback_lists_what_stayed_why_and_what_people_made_of_it(server: Office, moved: str) -> None:
    verified(server, moved)
    asked = of(server.by("operator").post(f"/v1/runs/{moved}/rollbacks", json={"reason": "a test"}), 202)["approval"]
    run = of(server.by("approver").post(f"/v1/approvals/{asked}/decision", json={"grant": True}))["run_id"]
    server.perform()
    page = shown(server, f"/runs/{run}/evidence")
    assert "edited since the load" in page and "persons id=502" in page
    assert re.search(r"'Ben<mark>no</mark>'", page)
    assert "Ben" in shown(server, link(page, "The archived row"))


def test_rehearsals_stand_one_after_the_other_with_what_they_forecast(server: Office, moved: str) -> None:
    of(server.by("operator").post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    trend = of(server.by("viewer").get(f"{PLAN}/trend"))
    (rehearsal,), (migration,) = trend["rehearsals"], trend["migrations"]
    assert rehearsal["verdict"] == "green" and rehearsal["timings"] and rehearsal["forecast"]["seconds"]
    assert migration["run"] == moved and migration["forecast"]["took_seconds"] is not None
    page = shown(server, "/tenants/ours/plans/ours-away/rehearsals")
    assert page.count('<svg class="bar" ') == 1 and "style=" not in page
    assert "check the mapping" in page and "Rehearsal 1 is the first" in page
