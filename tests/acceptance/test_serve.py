"""A server as a process: it performs what is left to it, and stops so that another goes on with it."""

from __future__ import annotations

import json
import re
import subprocess
from http.client import HTTPResponse
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.acceptance.performers import PATIENCE_S, at_work, is_waiting, queued, shown, until
from tests.acceptance.world import World


@pytest.fixture
def alone(right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("MIGRATOR_SILENCE", "60")  # a machine that is busy hangs nobody
    return right_office.copied(tmp_path)


def address_of(process: subprocess.Popen[str]) -> str:
    """What it says first, when it listens."""
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"serving at (http://\S+)", line):
            return found[1]
    raise AssertionError("it does not serve")


def followed(world: World, address: str, run: str) -> HTTPResponse:
    """The run's events, as they come."""
    token = world.json("admin", "token", "watch", "--grant", "viewer:*")["key"]
    asked = Request(f"{address}/v1/runs/{run}/events", headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    opened = urlopen(asked, timeout=PATIENCE_S)  # noqa: S310 - our own, on loopback
    assert isinstance(opened, HTTPResponse)
    return opened


def test_a_server_that_is_stopped_puts_its_run_back(alone: World) -> None:
    with at_work(alone):
        run = queued(alone)
        with alone.start("serve", "--port", 0, "--grace", 60, "--json") as process:
            try:
                address = address_of(process)
                ready = Request(f"{address}/health/ready")  # noqa: S310 - our own, on loopback
                with urlopen(ready, timeout=PATIENCE_S) as answer:  # noqa: S310
                    assert json.load(answer)["status"] == "ready"
                until(alone, run, is_waiting)
                with followed(alone, address, run) as stream:  # somebody watches: nobody waits for them to go
                    assert stream.readline().startswith(b"id: ")
                    process.terminate()
                    output, errors = process.communicate(timeout=PATIENCE_S)
                assert (process.returncode, json.loads(output)["stopped_in_time"]) == (0, True), errors
                assert "Traceback" not in errors
            finally:
                process.kill()
        assert shown(alone, run)["state"] == "queued"
