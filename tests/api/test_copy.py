"""A server's copy is a server: who came in before comes in, what was sealed opens, and the audit goes on."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import patch

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from migrator.registry.documents import Kind
from migrator.runs.models import Base
from migrator.service.belongings import BELONGINGS
from migrator.wiring import here, served
from storage.seal import SigningKeys
from tests.api.office import ROLES, Office, logged_in, of

_STAYS = {"sessions", "invitations", "failed_logins", "idempotency_keys", "shares", "idle_workers"}
_OF_RUNS = {"runs", "archives", "reports"}


@pytest.mark.parametrize("on_postgresql", [False, True])
def test_it_serves_as_the_one_it_was_made_of(
    server: Office, on_postgresql: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    program, operator = server.program(ROLES["viewer"]), server.by("operator")
    of(operator.post("/v1/tenants/ours/plans/ours-away/snapshots", json={}), 202)
    of(server.by("admin").put("/v1/subscriptions/ann", json={"url": "mailto:ann@example.org", "tenant": "*"}))
    before = server.served
    SigningKeys.load_or_create(before.service.settings.keys)
    made = here().backup(tmp_path / "copy", with_keys=True)
    assert made.keys == 3 and made.records.others > 10
    environment = {"MIGRATOR_HOME": str(tmp_path / "copy")}
    if on_postgresql:
        environment["MIGRATOR_CATALOG"] = request.getfixturevalue("postgres_url")
    with patch.dict(os.environ, environment):
        if on_postgresql:
            assert here().import_runs(tmp_path / "copy" / "catalog.db").others == made.records.others
        with served() as after:
            assert after.accounts.all() == before.accounts.all()
            assert after.platforms.variables("ours") == before.platforms.variables("ours")
            assert (
                after.documents.read(Kind.PLAN, "ours", "ours-away").text
                == before.documents.read(Kind.PLAN, "ours", "ours-away").text
            )
            assert list(after.audit.lines()) == list(before.audit.lines())
            assert after.subscriptions.recipient("ann") == before.subscriptions.recipient("ann")
            newest = before.service.newest_change()
            assert after.service.newest_change() == newest > 0
            app = create_app(after)
            again = TestClient(app, headers=program.headers)
            assert of(again.get("/v1/tenants"))["items"][0]["tenant"] == "ours"
            who = logged_in(after, TestClient(app), after.accounts.named("operator@example.org"))
            of(who.post("/v1/tenants/ours/plans/ours-away/snapshots", json={}), 202)
            assert after.service.newest_change() == newest + 1


def test_every_table_is_in_it_or_is_over_in_a_day() -> None:
    assert {model.__tablename__ for model in BELONGINGS} | _STAYS | _OF_RUNS == set(Base.metadata.tables)
