"""A plan's archives and runs go by its own retention, never silently, and never what somebody needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.service import retention
from storage.archive import list_archives
from storage.errors import Fault
from storage.local import LocalStore
from storage.location import open_store
from tests.acceptance.office import rewritten
from tests.acceptance.world import World, changing, dump

STATED = "\nretention: {archives: 1h, runs: 1h, keep: 1}\n"


@pytest.fixture
def world(right_office: World, tmp_path: Path) -> World:
    """An office with three archives, the first of them loaded, all old by the plan's own words."""
    world = right_office.copied(tmp_path)
    world.json("migrate", world.plan)
    for _ in range(2):
        world.json("snapshot", world.plan)
    return world


def stated(world: World, monkeypatch: pytest.MonkeyPatch, text: str = STATED) -> list[str]:
    """The plan says how long, and that long has passed; the archives that there are, oldest first."""
    world.plan.write_text(world.plan.read_text("utf-8") + text, encoding="utf-8")

    class Later(retention.datetime):
        @classmethod
        def now(cls, tz: object = None) -> Later:
            return cls(2100, 1, 1, tzinfo=retention.UTC)

    monkeypatch.setattr(retention, "datetime", Later)
    return [one.archive_id for one in list_archives(open_store(world.store.as_uri()))]  # two may be of one second


def test_what_goes_is_said_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, second, newest = stated(world, monkeypatch)
    before = world.state()
    found = world.json("admin", "retain", world.plan)
    assert not found["removed"] and [Path(one).name for one in found["archives"]] == [second]
    (stays,) = found["archives_stay"]
    assert stays["archive"] == loaded and "stands" in stays["because"] and "runs close" in stays["because"]
    assert world.state() == before
    removed = world.json("admin", "retain", world.plan, "--yes")
    assert removed["archives"] == found["archives"]
    assert {path.name for path in world.archives()} == {loaded, newest} and not (world.store / second).exists()
    removal = world.runs()[-1]
    assert (removal["kind"], removal["verdict"], removal["archive"]) == ("removal", "green", found["archives"][0])
    assert (world.store / "runs" / removal["run_id"]).is_dir()  # the store says when it went, too
    assert world.json("verify", next(run["run_id"] for run in world.runs() if run["kind"] == "migration"))


def test_a_load_that_is_accepted_needs_its_archive_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, second, newest = stated(world, monkeypatch)
    world.json("runs", "close", next(run["run_id"] for run in world.runs() if run["kind"] == "migration"))
    before = dump(world.target)
    world.json("admin", "retain", world.plan, "--yes")
    assert [path.name for path in world.archives()] == [newest] and loaded != second
    assert dump(world.target) == before
    assert world.json("admin", "retain", world.plan, "--yes")["archives"] == []


def test_what_is_held_stays_and_a_hold_of_nothing_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, second, _ = stated(world, monkeypatch, "")
    held = f"\nretention: {{archives: 1h, keep: 1, hold: {{{second}: a lawsuit}}}}\n"
    world.plan.write_text(world.plan.read_text("utf-8") + held, encoding="utf-8")
    found = world.json("admin", "retain", world.plan, "--yes")
    assert found["archives"] == [] and found["runs"] == []
    assert {"archive": second, "because": "it is held: a lawsuit"} in found["archives_stay"]
    rewritten(world.plan, second, f"{second}x")
    refused = world.json("admin", "retain", world.plan, "--yes", code=2)
    assert "no such archive" in refused["error"] and str(world.plan) in refused["where"]
    assert len(world.archives()) == 3


def test_old_runs_of_the_plan_go_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stated(world, monkeypatch)
    with changing(world.home / "catalog.db") as catalog:
        catalog.execute("UPDATE runs SET finished_at = '2020-01-01T00:00:00Z'")
    first, second = (run["run_id"] for run in world.runs() if run["kind"] == "snapshot")
    found = world.json("admin", "retain", world.plan, "--yes")
    assert found["runs"] == [first]
    assert [run["run_id"] for run in world.runs() if run["kind"] == "snapshot"] == [second]


def test_where_the_target_does_not_answer_nothing_goes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stated(world, monkeypatch)
    world.target.rename(world.folder / "elsewhere.db")
    found = world.json("admin", "retain", world.plan, "--yes")
    assert found["archives"] == [] and "cannot be asked" in str(found["archives_stay"])
    assert len(world.archives()) == 3


def test_a_plan_that_states_nothing_keeps_everything(world: World) -> None:
    assert "names no retention" in world.json("admin", "retain", world.plan, "--yes", code=2)["error"]


def test_a_removal_that_is_stopped_leaves_no_half_archive(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, second, newest = stated(world, monkeypatch)
    real = LocalStore.delete

    def stopping(self: LocalStore, key: str) -> None:
        if "/data/" in key:
            raise Fault("the disk is gone", where=key)
        real(self, key)

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "delete", stopping)
        world.json("admin", "retain", world.plan, "--yes", code=1)
    assert {path.name for path in world.archives()} == {loaded, newest}
    assert (world.store / second).is_dir()
    assert world.json("admin", "sweep", world.plan, "--quiet", 0)["archives"] == 1
    assert not (world.store / second).exists()
