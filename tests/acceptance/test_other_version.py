"""A run that one version of this program began goes on with the next: what is kept of it has a version of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator import settings
from migrator.engine import load as loading
from tests.acceptance.test_resume import failed, once
from tests.acceptance.world import World


@pytest.mark.parametrize("newer", ["0.0.1", "99.0"])
def test_a_run_goes_on_with_another_version(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer: str
) -> None:
    world = right_office.copied(tmp_path)
    once(monkeypatch, loading, "merge_rows")
    run = failed(world, "migrate", world.plan, after="stage remarks")
    monkeypatch.setattr(settings, "version", lambda _name: newer)
    resumed = world.json("runs", "resume", run)
    assert (resumed["run"], resumed["verdict"]) == (run, "green")
    assert (world.runs()[-1]["state"], world.runs()[-1]["attempt"]) == ("done", 2)
    assert world.json("report", run, "--format", "json")["tool"] == f"migrator {newer}"
    assert world.json("rollback", run)["verdict"] == "green"
