"""The customer's page: where their data is, what was proven, what comes next, whom to call; in their language."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from fastapi.testclient import TestClient

from migrator.access.roles import Grant, Role
from tests.acceptance.office import MAPPING
from tests.api.office import Office, logged_in, of

PLAN = "/v1/tenants/ours/plans/ours-away"
STATUS = "/tenants/ours/status"


def stage(server: Office) -> str:
    (found,) = of(server.by("viewer").get(f"/v1{STATUS}"))["ahead"]
    return str(found["stage"])


def done(server: Office, path: str, **given: str) -> None:
    """Asked for, agreed to where that is needed, and performed."""
    begun = of(server.by("operator").post(path, json=given), 202)
    if approval := begun.get("approval"):
        assert stage(server) == "asked"
        of(server.by("approver").post(f"/v1/approvals/{approval}/decision", json={"grant": True}))
    server.perform()


def person(server: Office, *grants: Grant) -> TestClient:
    account = server.served.accounts.add("somebody@example.org", grants=grants)
    return logged_in(server.served, server.anonymous(), account)


def test_a_customer_begins_where_their_data_is(server: Office) -> None:
    landed = server.by("viewer").get("/")
    assert landed.url.path == STATUS and "Your data is where it always was" in landed.text
    for role in ("operator", "approver", "admin"):
        assert server.by(role).get("/").url.path == "/"
        assert "Ours Ltd" in server.by(role).get(STATUS).text
    assert server.by("stranger").get(STATUS).status_code == 404
    both = person(server, *(Grant(tenant=tenant, role=Role.VIEWER) for tenant in ("ours", "theirs")))
    assert both.get("/").url.path == "/"


def test_what_is_said_follows_what_happens(server: Office) -> None:
    viewer = server.by("viewer")
    assert stage(server) == "nothing"
    done(server, f"{PLAN}/snapshots")
    assert stage(server) == "taken"
    of(server.by("operator").post(f"{PLAN}/rehearsals", json={}), 202)
    assert stage(server) == "working" and "Rehearsal 1 is under way" in viewer.get(STATUS).text
    server.perform()
    assert stage(server) == "rehearsed"
    assert "This is decided by approver@example.org." in viewer.get(STATUS).text
    done(server, f"{PLAN}/migrations", reason="tonight")
    assert stage(server) == "migrated"
    page = viewer.get(STATUS).text
    assert "In the new system, since" in page and str(server.world.target) in page
    assert "Left out by the mapping, each for a reason that the evidence states: 1 row." in page
    assert "Migration 1 brought 4 rows into the new system" in page and "Rehearsal 1 loaded 4 rows" in page
    (run,) = [one["run"] for one in of(viewer.get(f"/v1{STATUS}"))["proven"] if one["kind"] == "migration"]
    assert f'href="/runs/{run}"' in page
    with closing(sqlite3.connect(server.world.target)) as connection, connection:
        connection.execute("UPDATE persons SET mood = 'cross' WHERE id = 1")
    done(server, f"/v1/runs/{run}/verifications")
    assert stage(server) == "doubted" and "differences from what was loaded: 1 row." in viewer.get(STATUS).text
    done(server, f"/v1/runs/{run}/rollbacks", reason="as it was")
    assert stage(server) == "taken back" and "stayed: 1 row." in (page := viewer.get(STATUS).text)
    assert "In the new system" not in page
    done(server, f"{PLAN}/rehearsals")  # the row that stayed is in its way
    assert stage(server) == "red"


def test_what_was_accepted_for_good_is_said_so(server: Office) -> None:
    for step in ("snapshots", "rehearsals"):
        done(server, f"{PLAN}/{step}")
    done(server, f"{PLAN}/migrations", reason="tonight")
    (run,) = [one["run"] for one in of(server.by("viewer").get(f"/v1{STATUS}"))["proven"] if one["kind"] == "migration"]
    done(server, f"/v1/runs/{run}/closings", reason="all is well")
    assert stage(server) == "accepted" and "cannot be taken back any more" in server.by("viewer").get(STATUS).text


def test_what_is_wrong_is_said_as_plainly(server: Office) -> None:
    viewer = server.by("viewer")
    done(server, f"{PLAN}/snapshots")
    wrong = MAPPING.replace("name: name", "name: {from: name, steps: [{cast: integer}]}")
    path, after = "/v1/tenants/ours/mappings/mapping.yaml", {"If-Match": '"1"'}
    assert server.by("operator").put(path, json={"text": wrong}, headers=after).status_code == 200
    of(server.by("operator").post(f"{PLAN}/rehearsals", json={}), 202)
    server.perform()
    assert stage(server) == "red"
    page = viewer.get(STATUS).text
    assert "must be put right first" in page and "Rehearsal 1 found something that is not right" in page


def test_an_archive_is_described_and_what_harms_it_told(server: Office) -> None:
    viewer = server.by("viewer")
    done(server, f"{PLAN}/snapshots")
    done(server, f"{PLAN}/snapshots")
    newest, older = of(viewer.get(f"/v1{STATUS}"))["archives"]
    assert (newest["rows"], newest["tables"], newest["files"]) == (5, 3, 0)
    assert newest["proof"]["walked"] and newest["checked"] is None and newest["signed_by"]
    page = viewer.get(STATUS).text
    assert "5 rows in 3 tables, 0 files" in page and "Not yet byte by byte" in page
    assert older["archive"] in page and "The signature was checked just now" in page
    of(viewer.get(f"/v1/archives/{newest['archive']}/check"))
    assert "byte by byte: everything is as it was sealed" in viewer.get(STATUS).text
    (part,) = (
        path for path in (server.world.store / newest["archive"] / "data").rglob("*.csv") if "people" in path.name
    )
    part.chmod(0o644)
    part.write_bytes(part.read_bytes() + b"x")
    of(viewer.get(f"/v1/archives/{newest['archive']}/check"))
    assert "damage was found" in viewer.get(STATUS).text
    seal = server.world.store / newest["archive"] / "tagmanifest-sha256.txt"
    seal.chmod(0o644)
    seal.write_bytes(seal.read_bytes() + b"x\n")
    page = viewer.get(STATUS).text
    assert "It could not be opened just now" in page and "The signature was checked just now" not in page


def test_whom_to_call_stands_there_in_the_readers_language(server: Office) -> None:
    viewer = server.by("viewer")
    account = server.served.accounts.named("viewer@example.org")
    server.served.accounts.set_language(account.account_id, "fr")
    page = viewer.get(STATUS).text
    assert "Qui appeler" in page and "Ann" in page and "Au sujet de ce serveur" not in page
    assert of(viewer.get(f"/v1{STATUS}"))["contact"] == "Ann"
    done(server, f"{PLAN}/snapshots")
    assert "5 lignes dans 3 tables, 0 fichier" in viewer.get(STATUS).text
    object.__setattr__(server.served.service.settings, "contact", "Migrations desk, +33 1")
    assert "Au sujet de ce serveur" in (page := viewer.get(STATUS).text) and "Migrations desk, +33 1" in page
