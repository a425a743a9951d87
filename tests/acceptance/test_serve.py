"""A server as a process: it performs what is left to it, and stops so that another goes on with it."""

from __future__ import annotations

import json
import re
import subprocess
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


def test_a_server_that_is_stopped_puts_its_run_back(alone: World) -> None:
    with at_work(alone):
        run = queued(alone)
        with alone.start("serve", "--port", 0, "--grace", 60, "--json") as process:
            try:
                ready = Request(f"{address_of(process)}/health/ready")  # noqa: S310 - our own, on loopback
                with urlopen(ready, timeout=PATIENCE_S) as answer:  # noqa: S310
                    assert json.load(answer)["status"] == "ready"
                until(alone, run, is_waiting)
                process.terminate()
                output, errors = process.communicate(timeout=PATIENCE_S)
                assert (process.returncode, json.loads(output)["stopped_in_time"]) == (0, True), errors
            finally:
                process.kill()
        assert shown(alone, run)["state"] == "queued"
