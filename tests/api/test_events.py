"""Runs followed as they go, by whoever may see them, and gone on with by whoever was away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from migrator.outcomes import Verdict
from tests.api.office import Office, listening

Event = tuple[str, str, Any]


@pytest.fixture
def address(server: Office) -> Iterator[str]:
    """What never ends is read there while it comes."""
    with listening(server.by("admin").app) as found:
        yield found


@contextmanager
def following(address: str, who: TestClient, path: str, **headers: str) -> Iterator[Iterator[Event]]:
    cookies = dict(who.cookies.items())
    with httpx2.stream("GET", f"{address}{path}", cookies=cookies, headers=headers, timeout=30) as answer:
        assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/event-stream")
        yield events(answer.iter_lines())


def events(lines: Iterator[str]) -> Iterator[Event]:
    said: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            said[name] = value
        elif said:
            yield said.get("event", ""), said.get("id", ""), json.loads(said["data"]) if "data" in said else None
            said = {}


def test_whoever_follows_everything_hears_of_their_tenants_alone(server: Office, address: str) -> None:
    service = server.served.service
    with (
        following(address, server.by("viewer"), "/v1/events?after=0") as ours,
        following(address, server.by("stranger"), "/v1/events?after=0") as theirs,
        service._catalog() as catalog,
    ):
        mine = catalog.start(kind="snapshot", plan="one", tenant="ours", state="queued")
        other = catalog.start(kind="snapshot", plan="one", tenant="theirs", state="queued")
        catalog.finish(catalog.take(mine), verdict=Verdict.GREEN)
        told = [next(ours) for _ in range(3)]
        assert [(name, data["run_id"], data["state"]) for name, _, data in told] == [
            ("change", mine.run_id, "queued"),
            ("change", mine.run_id, "running"),
            ("change", mine.run_id, "done"),
        ]
        name, _, data = next(theirs)
        assert (name, data["run_id"]) == ("change", other.run_id)


def test_whoever_was_away_is_told_all_that_came_since_and_nothing_twice(server: Office, address: str) -> None:
    with server.served.service._catalog() as catalog:
        run = catalog.start(kind="snapshot", plan="one", tenant="ours", state="queued")
        catalog.move(run, to="cancelling")
        catalog.cancelled(run)
        with following(address, server.by("viewer"), "/v1/events?after=0") as told:
            first = next(told)
        last = {"Last-Event-ID": first[1]}
        with following(address, server.by("viewer"), "/v1/events", **last) as told:
            assert [next(told)[2]["state"] for _ in range(2)] == ["cancelling", "cancelled"]


def test_a_run_is_followed_to_its_end(server: Office, address: str) -> None:
    viewer = server.by("viewer")
    answer = server.by("operator").post("/v1/tenants/ours/plans/ours-away/snapshots", json={})
    path = f"/v1/runs/{answer.json()['run']}/events"
    with following(address, viewer, path) as told:
        assert next(told)[2]["state"] == "queued"
        server.perform()
        *_, before, end = told
        assert (end[0], end[2]) == ("end", "done") and before[2]["verdict"] == "green"
    with following(address, viewer, path, **{"Last-Event-ID": end[1]}) as told:
        assert list(told) == [("end", end[1], "done")]


def test_nobody_follows_what_is_not_theirs(server: Office, address: str) -> None:
    run = server.by("operator").post("/v1/tenants/ours/plans/ours-away/snapshots", json={}).json()["run"]
    assert httpx2.get(f"{address}/v1/events").status_code == 401
    cookies = dict(server.by("stranger").cookies.items())
    assert httpx2.get(f"{address}/v1/runs/{run}/events", cookies=cookies).status_code == 404
