"""Archives checked, copied and restored through the API, and what goes when two agree."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.slow import AT_ONCE
from migrator.registry.platforms import Secret
from migrator.service import retention
from tests.api.office import Office, of

PLAN = "/v1/tenants/ours/plans/ours-away"


@pytest.fixture
def archive(server: Office) -> str:
    of(server.by("operator").post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    (found,) = of(server.by("viewer").get("/v1/archives"))["items"]
    return str(found["archive_id"])


def register(server: Office, name: str, url: str, *tenants: str) -> None:
    server.served.platforms.put(name, Secret(url), tenants=tenants or ("ours",), by="setup")


def test_the_customer_has_their_archive_checked(server: Office, archive: str) -> None:
    found = of(server.by("viewer").get(f"/v1/archives/{archive}/check"))
    assert (found["verdict"], found["problems"], found["origin_checked"]) == ("green", [], False)
    named = of(server.by("viewer").get(f"/v1/archives/{archive}/check", params={"key": "0" * 64}))
    assert (named["verdict"], named["origin_checked"]) == ("red", True)


def test_an_archive_is_copied_into_a_store_of_the_tenants_and_into_no_other(server: Office, archive: str) -> None:
    operator, folder = server.by("operator"), server.world.folder / "vault"
    register(server, "VAULT", folder.as_uri())
    register(server, "THEIRS", folder.as_uri(), "theirs")
    copied = of(operator.post(f"/v1/archives/{archive}/copies", json={"store": "${VAULT}/2026"}))
    assert (folder / "2026" / archive / "tagmanifest-sha256.txt").is_file() and not copied["was_there"]
    for store in ("${THEIRS}", folder.as_uri(), "${VAULT}/../x", "${HOME}"):
        refused = of(operator.post(f"/v1/archives/{archive}/copies", json={"store": store}), 422)
        assert "VAULT" in refused["next"]


def test_an_archive_is_a_database_again(server: Office, archive: str) -> None:
    operator, place = server.by("operator"), server.world.folder / "again.db"
    register(server, "AGAIN", f"sqlite:///{place}")
    run = of(operator.post(f"/v1/archives/{archive}/restores", json={"platform": "${AGAIN}"}), 202)["run"]
    server.perform()
    record = of(operator.get(f"/v1/runs/{run}"))
    assert (record["state"], record["verdict"], record["target"]) == ("done", "green", f"sqlite:///{place}")
    with closing(sqlite3.connect(place)) as connection:
        assert connection.execute("SELECT name FROM people ORDER BY id").fetchall() == [("Ada",), ("Ben",)]
    assert of(operator.post(f"/v1/archives/{archive}/restores", json={"platform": f"sqlite:///{place}"}), 422)


def test_who_sees_every_tenant_looks_at_a_platform(server: Office) -> None:
    admin = server.by("admin")
    found = of(admin.get("/v1/platforms/SOURCE_URL/inspection"))
    assert {table["name"]: table["rows"] for table in found["tables"]}["people"] == 3
    drafted = of(admin.get("/v1/platforms/SOURCE_URL/draft", params={"tenant": "ours", "root": "firms=1"}))
    assert "url: ${SOURCE_URL}" in drafted["plan"]
    assert of(admin.get("/v1/platforms/NONE/inspection"), 404)
    for role in ("operator", "viewer", "stranger"):
        assert of(server.by(role).get("/v1/platforms/SOURCE_URL/inspection"), 403)


def test_old_runs_are_forgotten_when_another_person_agrees(server: Office, archive: str) -> None:
    operator, approver = server.by("operator"), server.by("approver")
    of(operator.post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    listed = of(operator.get("/v1/runs"))["items"]
    would = of(operator.get("/v1/tenants/ours/pruning", params={"keep": 1, "days": 0}))
    assert [run["run_id"] for run in would["goes"]] == [listed[0]["run_id"]]
    given = {"keep": 1, "days": 0, "reason": "spring"}
    first, second = (of(operator.post("/v1/tenants/ours/pruning", json=given), 202)["approval"] for _ in range(2))
    assert len(of(operator.get("/v1/runs"))["items"]) == 2
    of(approver.post(f"/v1/approvals/{first}/decision", json={"grant": True}))
    assert [run["run_id"] for run in of(operator.get("/v1/runs"))["items"]] == [listed[1]["run_id"]]
    refused = of(approver.post(f"/v1/approvals/{second}/decision", json={"grant": True}), 409)
    assert "other archives or runs" in refused["title"]
    assert of(approver.get(f"/v1/approvals/{second}"))["is_granted"] is None


class Later(datetime):
    @classmethod
    def now(cls, tz: object = None) -> Later:
        return cls.fromtimestamp(datetime.now(UTC).timestamp() + 7200, UTC)


def test_old_archives_go_by_the_plans_own_retention_when_another_person_agrees(
    server: Office, archive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "datetime", Later)
    operator, approver = server.by("operator"), server.by("approver")
    text = of(operator.get(PLAN))["text"] + "retention: {keep: 1, archives: 1h}\n"
    of(operator.put(PLAN, json={"text": text}, headers={"If-Match": '"1"'}))
    of(operator.post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    would = of(operator.get(f"{PLAN}/retention"))
    assert [one["archive_id"] for one in would["archives"]["goes"]] == [archive]
    asked = of(operator.post(f"{PLAN}/retention", json={"reason": "the contract"}), 202)["approval"]
    assert (Path(server.world.store) / archive).exists()
    of(approver.post(f"/v1/approvals/{asked}/decision", json={"grant": True}))
    assert not (Path(server.world.store) / archive).exists()
    assert archive not in operator.get("/v1/archives").text


def test_what_killed_runs_left_is_swept(server: Office, archive: str) -> None:
    left = server.world.store / "ours-20200101T000000Z-00000000" / "data"
    left.mkdir(parents=True)
    (left / "people.csv").write_text("half", encoding="utf-8")
    os.utime(left / "people.csv", (0, 0))
    swept = of(server.by("operator").post(f"{PLAN}/sweeps", json={}))
    assert len(swept["archives"]) == 1 and not (left / "people.csv").exists()
    assert of(server.by("viewer").post(f"{PLAN}/sweeps", json={}), 403)


def test_nobody_sweeps_what_another_tenant_is_writing_into_the_same_store(server: Office) -> None:
    begun = server.world.store / "theirs-20261122T190000Z-3f2a91c0" / "data" / "csv"
    begun.mkdir(parents=True)
    (begun / "people.csv").write_text("half", encoding="utf-8")
    assert of(server.by("operator").post(f"{PLAN}/sweeps", json={"quiet_hours": 0}), 422)["where"]
    assert of(server.by("operator").post(f"{PLAN}/sweeps", json={"quiet_hours": 1}))["archives"] == []
    assert (begun / "people.csv").exists()


def test_who_waits_for_runs_to_stop_leaves_room_for_others(server: Office) -> None:
    run = of(server.by("operator").post(f"{PLAN}/snapshots", json={}), 202)["run"]
    places = server.by("operator").app.state.slow  # type: ignore[attr-defined]
    taken = [places.acquire(blocking=False) for _ in range(AT_ONCE)]
    assert of(server.by("operator").post(f"/v1/runs/{run}/cancel"), 503)["type"] == "/problems/busy"
    for _ in taken:
        places.release()
    assert of(server.by("operator").post(f"/v1/runs/{run}/cancel"))["state"] == "cancelled"
