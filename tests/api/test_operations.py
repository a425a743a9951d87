"""What those who keep the server running look at: health, numbers, and the log."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from migrator.access.roles import EVERYWHERE, Grant, Role
from migrator.cli.logs import log_to_stderr
from migrator.runs.database import open_database
from migrator.service.figures import Figures
from migrator.settings import LogForm
from tests.api.office import Office, of

Logged = Callable[[], list[dict[str, Any]]]
WATCHER = Grant(tenant=EVERYWHERE, role=Role.VIEWER)


def numbers(server: Office) -> dict[str, float]:
    answer = server.program(WATCHER).get("/metrics")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_server_is_ready_as_long_as_its_catalog_is(server: Office) -> None:
    nobody = server.anonymous()
    assert of(nobody.get("/health/live")) == {"status": "live"}
    assert of(nobody.get("/health/ready")) == {"status": "ready"}
    away = open_database("postgresql://nobody:s3cr3t@127.0.0.1:1/none")
    cut_off = TestClient(create_app(replace(server.served, figures=Figures(database=away))))
    answer = cut_off.get("/health/ready")
    assert (answer.status_code, "s3cr3t" in answer.text, "127.0.0.1" in answer.text) == (503, False, False)
    assert of(cut_off.get("/health/live"))
    away.close()


def test_the_numbers_say_what_waits_and_what_ended_how(server: Office) -> None:
    plan = "/v1/tenants/ours/plans/ours-away"
    run = of(server.by("operator").post(f"{plan}/snapshots", json={}), 202)["run"]
    before = numbers(server)
    assert before["migrator_runs_queued"] == 1
    server.perform()
    of(server.by("operator").post(f"/v1/runs/{run}/rollbacks", json={"reason": "x"}), 202)
    after = numbers(server)
    assert after["migrator_runs_queued"] == 0
    labels = '{kind="snapshot",outcome="green",state="done",tenant="ours"}'
    assert after[f"migrator_runs{labels}"] == 1
    assert after['migrator_archives{tenant="ours"}'] == 1
    assert after["migrator_approvals_open"] == 1
    counted = [name for name in after if name.startswith("migrator_http_request_seconds_count")]
    assert any('route="/v1/tenants/{tenant}/plans/{plan}/snapshots"' in name for name in counted), counted
    assert not [name for name in counted if "ours-away" in name or run in name]


def test_numbers_that_name_every_tenant_are_for_who_sees_every_tenant(server: Office) -> None:
    assert server.anonymous().get("/metrics").status_code == 401
    assert server.by("operator").get("/metrics").status_code == 403
    assert server.program(Grant(tenant="ours", role=Role.VIEWER)).get("/metrics").status_code == 403


@pytest.fixture
def logged() -> Iterator[Logged]:
    """Every line that was logged."""
    loggers = [logging.getLogger(name) for name in ("migrator", "uvicorn")]
    before = [(one, one.handlers, one.propagate, one.level) for one in loggers]
    log_to_stderr(LogForm.JSON)
    lines = io.StringIO()
    for handler in loggers[0].handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(lines)
    yield lambda: [json.loads(line) for line in lines.getvalue().splitlines()]
    for one, handlers, propagate, level in before:
        one.handlers, one.propagate = handlers, propagate
        one.setLevel(level)


def test_a_request_is_logged_with_who_and_about_whom(server: Office, logged: Logged) -> None:
    answer = server.by("operator").get("/v1/tenants/ours/plans")
    server.anonymous().get("/nothing%0Ahere")
    server.anonymous().get("/welcome/a-link-that-lets-in")
    known, unknown, link = logged()
    assert (known["tenant"], known["who"], known["status"]) == ("ours", "operator@example.org", 200)
    assert (known["route"], known["request"]) == ("/v1/tenants/{tenant}/plans", answer.headers["X-Request-Id"])
    assert (unknown["status"], "who" in unknown) == (404, False)
    assert (link["route"], "a-link" in json.dumps(link)) == ("/welcome/{key}", False)


def test_a_defect_is_told_in_the_log_by_the_id_it_was_answered_with(server: Office, logged: Logged) -> None:
    app = server.anonymous().app
    assert isinstance(app, FastAPI)

    @app.get("/v1/broken")
    def broken() -> None:
        raise ZeroDivisionError("of ours")

    answer = server.anonymous().get("/v1/broken")
    assert (answer.status_code, "of ours" in answer.text) == (500, False)
    request, defect = logged()[:2]
    assert "ZeroDivisionError: of ours" in defect["defect"] and defect["level"] == "error"
    assert defect["request"] == request["request"] == answer.headers["X-Request-Id"]
    assert numbers(server)["migrator_defects_total"] == 1
