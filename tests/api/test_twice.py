"""What is sent twice, and who asks in two forms."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPException
from urllib.request import Request, urlopen

import psycopg
import pytest

from migrator.access.roles import EVERYWHERE, Grant, Role
from migrator.registry.documents import Kind
from migrator.wiring import served
from tests.acceptance.office import PLAN as TEXT
from tests.acceptance.office import mapping_of
from tests.acceptance.performers import PATIENCE_S
from tests.acceptance.test_serve import address_of
from tests.acceptance.world import World
from tests.api.office import ROLES, Office, logged_in, of, opened
from tests.waiting import comes

PLAN = "/v1/tenants/ours/plans/ours-away"


def test_a_key_of_one_tenant_stands_for_nothing_of_another(server: Office) -> None:
    served = server.served
    for name in ("SOURCE_URL", "STORE_URL", "TARGET_URL"):
        served.platforms.allow(name, ["ours", "theirs"])
    text = TEXT.replace("tenant: ours", "tenant: theirs")
    served.documents.write(Kind.PLAN, "theirs", "ours-away", text, by="setup", after=0)
    both, key = server.by("admin"), {"Idempotency-Key": "one"}
    first = of(both.post(f"{PLAN}/snapshots", json={}, headers=key), 202)
    assert of(both.post("/v1/tenants/theirs/plans/ours-away/snapshots", json={}, headers=key), 422)["where"]
    assert [run["run_id"] for run in of(both.get("/v1/runs"))["items"]] == [first["run"]]


def test_what_is_answered_again_says_where_to_look_again(server: Office) -> None:
    operator, key = server.by("operator"), {"Idempotency-Key": "one"}
    first, again = (operator.post(f"{PLAN}/snapshots", json={}, headers=key) for _ in range(2))
    assert again.headers["Location"] == first.headers["Location"] == f"/v1/runs/{first.json()['run']}"


def test_who_made_a_token_does_not_decide_what_it_asked_for(server: Office) -> None:
    served = server.served
    ann = served.accounts.add("ann@example.org", grants=[Grant(tenant=EVERYWHERE, role=Role.ADMIN)])
    _, key = served.tokens.make(
        "cutover",
        [Grant(tenant="ours", role=Role.OPERATOR)],
        lifetime=timedelta(days=1),
        made_by=ann.principal,
    )
    program = server.anonymous()
    program.headers["Authorization"] = f"Bearer {key}"
    run = of(program.post(f"{PLAN}/snapshots", json={}), 202)["run"]
    asked = of(program.post(f"/v1/runs/{run}/rollbacks", json={"reason": "mine"}), 202)["approval"]
    decision = f"/v1/approvals/{asked}/decision"
    refused = of(logged_in(served, server.anonymous(), ann).post(decision, json={"grant": False}), 422)
    assert "does not decide" in refused["title"]


@pytest.fixture
def shared(world: World, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """A server over a catalog that others use as well."""
    monkeypatch.setenv("MIGRATOR_HOME", str(world.home))
    monkeypatch.setenv("MIGRATOR_CATALOG", postgres_url)
    with served() as offered:
        yield opened(offered, world, mapping_of(world).read_text(encoding="utf-8"))


@contextmanager
def kept_from_the_audit(catalog: str, *, waiting: int) -> Iterator[None]:
    """Nobody adds to the audit; the context is left when so many wait for it, or for one who does."""
    with psycopg.connect(catalog, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended('migrator/catalog/audit', 0))")
        yield
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        comes(lambda: connection.execute(waits).fetchone() == (waiting,))


def started(office: Office) -> list[str]:
    """What the audit says was started."""
    return [entry.object for entry in office.served.audit.entries() if entry.action == "start snapshot"]


def test_what_a_killed_server_was_asked_for_is_done_when_it_is_asked_again(shared: Office, postgres_url: str) -> None:
    operator, key = shared.program(ROLES["operator"]), {"Idempotency-Key": "one"}
    with shared.world.start("serve", "--port", 0, "--workers", 0) as process:
        headers = {**operator.headers, **key, "Content-Type": "application/json"}
        request = Request(f"{address_of(process)}{PLAN}/snapshots", data=b"{}", headers=headers)  # noqa: S310

        def send() -> None:
            with pytest.raises((OSError, HTTPException)):
                urlopen(request, timeout=PATIENCE_S)  # noqa: S310 - our own, on loopback

        sending = threading.Thread(target=send)
        with kept_from_the_audit(postgres_url, waiting=1):  # the run is written down, and not noted yet
            sending.start()
        process.kill()
        process.communicate()
        sending.join()
    assert of(operator.get("/v1/runs"))["items"] == [] == started(shared)
    first, again = (of(operator.post(f"{PLAN}/snapshots", json={}, headers=key), 202) for _ in range(2))
    assert first == again and started(shared) == [first["run"]]


def test_of_two_requests_with_one_key_at_once_one_begins(shared: Office, postgres_url: str) -> None:
    operator, key = shared.program(ROLES["operator"]), {"Idempotency-Key": "one"}
    with ThreadPoolExecutor(2) as pool:
        with kept_from_the_audit(postgres_url, waiting=2):
            answers = [pool.submit(operator.post, f"{PLAN}/snapshots", json={}, headers=key) for _ in range(2)]
        first, second = (of(answer.result(), 202) for answer in answers)
    assert first == second and first["number"] == 1 and started(shared) == [first["run"]]
    assert of(operator.post(f"{PLAN}/snapshots", json={}), 202)["number"] == 2
