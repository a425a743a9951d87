"""An office where much has happened: every kind of run, green and red, and whatever somebody has to decide."""

from __future__ import annotations

from typing import Any

from tests.acceptance.office import PLAN as SOUND
from tests.acceptance.world import changing
from tests.api.office import Office, of

PLAN = "/v1/tenants/ours/plans/ours-away"
MAPPING = "/v1/tenants/ours/mappings/mapping.yaml"


def live(server: Office) -> None:
    """A move that was tried, put off, done, found changed and half taken back; what comes next waits."""
    _watch(server)
    _guess(server)
    _begin(server, f"{PLAN}/snapshots")
    _red_rehearsal(server)
    _begin(server, f"{PLAN}/rehearsals")
    _decided(server, f"{PLAN}/migrations", grant=False)
    migration = _decided(server, f"{PLAN}/migrations")["run_id"]
    server.perform()
    with changing(server.world.target) as connection:
        connection.execute("UPDATE persons SET mood = 'changed since' WHERE name = 'Ben'")
    _begin(server, f"/v1/runs/{migration}/verifications")
    _decided(server, f"/v1/runs/{migration}/rollbacks")
    server.perform()
    _ask(server, f"/v1/runs/{migration}/closings")
    of(server.by("operator").post(f"{PLAN}/snapshots", json={}), 202)  # and nobody performs it


def _watch(server: Office) -> None:
    """A program and a colleague who are told."""
    admin = server.by("admin")
    of(admin.put("/v1/subscriptions/ann", json={"url": "https://hooks.example.org/ann", "tenant": "ours"}))
    of(admin.post("/v1/tokens", json={"name": "nightly", "grants": [{"tenant": "ours", "role": "operator"}]}), 201)


def _guess(server: Office) -> None:
    """A second plan that lets old archives go, of which a reference was proposed and confirmed by nobody."""
    reference = "references: [{table: people, column: friend_id, to: people.id, guessed: same words}]"
    plan = SOUND.replace("plan: ours-away", "plan: ours-guessed")
    given = {"text": plan.replace("excluded: {", f"{reference}\n    excluded: {{") + "retention: {archives: 365d}\n"}
    of(server.by("operator").put("/v1/tenants/ours/plans/ours-guessed", json=given, headers={"If-Match": '"0"'}))


def _red_rehearsal(server: Office) -> None:
    """By a mapping that does not fit, which its next version mends."""
    text = of(server.by("operator").get(MAPPING))["text"]
    _write(server, text.replace("glad: happy", "glad: happy, sad: low").replace("from: age, ", "from: name, "))
    _begin(server, f"{PLAN}/rehearsals")
    _write(server, text)


def _write(server: Office, text: str) -> None:
    operator = server.by("operator")
    before = operator.get(MAPPING).headers["ETag"]
    of(operator.put(MAPPING, json={"text": text, "note": "tried out"}, headers={"If-Match": before}))


def _begin(server: Office, path: str) -> None:
    answer = server.by("operator").post(path, json={})
    assert answer.status_code in (202, 409), answer.text
    server.perform()


def _ask(server: Office, path: str) -> str:
    asked = of(server.by("operator").post(path, json={"reason": "the contract ends on Friday"}), 202)
    return str(asked["approval"])


def _decided(server: Office, path: str, *, grant: bool = True) -> Any:
    given = {"grant": grant, "words": "as rehearsed" if grant else "not on a Friday"}
    return of(server.by("approver").post(f"/v1/approvals/{_ask(server, path)}/decision", json=given))
