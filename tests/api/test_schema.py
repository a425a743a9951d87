"""The API as it describes itself: whatever fits the description, and what does not, is answered, and never by a 500."""

from __future__ import annotations

import json
from typing import Any

import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, seed, settings

from api.problems import MEDIA_TYPE
from tests.api.office import Office, of

PLAN = "/v1/tenants/ours/plans/ours-away"
ENDLESS = ("/v1/events", "/v1/runs/{run}/events")
AWAY = {"DELETE /v1/session", "PATCH /v1/accounts/{login}"}  # after them the caller is nobody
EXAMPLES = 4


def known(server: Office) -> dict[str, str]:
    """What is there, by its name in a path."""
    operator = server.by("operator")
    run = of(operator.post(f"{PLAN}/snapshots", json={}), 202)["run"]
    server.perform()
    (archive,) = of(operator.get("/v1/archives"))["items"]
    approval = of(operator.post(f"/v1/runs/{run}/rollbacks", json={"reason": "x"}), 202)["approval"]
    return {
        "tenant": "ours", "plan": "ours-away", "run": run, "approval": approval, "archive": archive["archive_id"],
        "table": "people", "format": "json",
    }  # fmt: skip


def test_whatever_is_to_be_sent_is_shown_by_an_example(server: Office) -> None:
    told = server.by("admin").get("/v1/openapi.json").json()
    shapes = told["components"]["schemas"]
    without = [
        f"{method} {path}"
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
        if (body := operation.get("requestBody"))
        and "example" not in json.dumps(shapes[body["content"]["application/json"]["schema"]["$ref"].split("/")[-1]])
    ]
    assert without == []


def test_whatever_is_sent_is_answered(server: Office) -> None:
    admin, there = server.by("admin"), known(server)
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", admin.app)
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.startswith("/v1") and operation.path not in ENDLESS and operation.label not in AWAY:
            ask(admin, {**there, **named(operation.label)}, operation)
            asked += 1
    assert asked > 60


def named(label: str) -> dict[str, str]:
    """Names of things that are there, unless they would not be there afterwards."""
    for kind, name in (("plans", "ours-away"), ("mappings", "mapping.yaml"), ("platforms", "SOURCE_URL")):
        if f"/{kind}/{{name}}" in label and not label.startswith(("DELETE", "PATCH", "PUT /v1/platforms")):
            return {"name": name}
    return {}


def ask(admin: TestClient, there: dict[str, str], operation: Any) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @seed(7)
    @given(case=operation.as_strategy())
    def answered(case: Any) -> None:
        case.path_parameters = {name: there.get(name, value) for name, value in case.path_parameters.items()}
        answer = case.call(session=admin)
        sent = f"{operation.label}: {case.as_curl_command()}: {answer.content[:300]!r}"
        assert answer.status_code != 500, sent
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == [MEDIA_TYPE] and answer.json()["title"], sent

    answered()
