"""Workers on one catalog: what waits is performed, what dies or hangs is taken over, what is stopped goes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.performers import (
    PATIENCE_S,
    at_work,
    is_waiting,
    queued,
    shown,
    until,
    until_started,
    worker,
)
from tests.acceptance.world import ROOT, World, dump
from tests.servers.process import children, lives


@pytest.fixture
def alone(right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The office, its archive taken; its catalog is a file of this machine."""
    monkeypatch.setenv("MIGRATOR_SILENCE", "60")  # a machine that is busy hangs nobody
    return right_office.copied(tmp_path)


@pytest.fixture
def shared(alone: World, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same with a catalog that machines share."""
    monkeypatch.setenv("MIGRATOR_CATALOG", postgres_url)
    return alone


def test_what_was_asked_for_and_left_is_performed_and_followed(alone: World) -> None:
    before = dump(alone.target)
    run = queued(alone)
    with worker(alone):
        followed = alone.migrator("runs", "follow", run, "--json")
        assert (followed.code, followed.stdout.splitlines()[-1].count('"green"')) == (0, 1), followed
    record = shown(alone, run)
    assert (record["state"], record["verdict"], record["attempt"]) == ("done", "green", 1)
    assert dump(alone.target) == before
    assert alone.json("report", run, "--format", "json")["verdict"] == "green"


def test_its_processes_are_of_its_session_and_deaf_to_its_terminal(alone: World) -> None:
    """Of its session: Linux divides the cores by session first, and niceness counts within one."""
    run = queued(alone)
    with worker(alone) as process:
        until(alone, run, lambda record: record["state"] == "running")
        (slot,) = children(process.pid)
        assert os.getsid(slot) == os.getsid(process.pid)
        assert os.getpgid(slot) != os.getpgid(process.pid)
        until(alone, run, lambda record: record["state"] == "done")


class Lacking(World):
    """A machine where nobody has set a plan's variable."""

    @property
    def environment(self) -> dict[str, str]:
        return {name: value for name, value in super().environment.items() if name != "TARGET_URL"}


def lacking(world: World) -> World:
    return Lacking(folder=world.folder, source=world.source, target=world.target)


def test_a_worker_that_lacks_a_variable_leaves_the_run_to_another(alone: World) -> None:
    run = queued(alone)
    with worker(lacking(alone)) as other:
        assert other.stderr is not None
        assert any("left to others" in line and "TARGET_URL" in line for line in other.stderr)
        assert shown(alone, run)["state"] == "queued"
        with worker(alone):
            assert until(alone, run, lambda record: record["state"] == "done")["attempt"] == 1


IMPATIENT = """
from migrator.cli.slot import main
from migrator.service import working

working._LEFT_S = 0.0
main()
"""


def test_where_no_worker_has_the_variable_the_run_says_so(alone: World) -> None:
    run = queued(alone)
    environment = {**os.environ, **lacking(alone).environment, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", IMPATIENT], env=environment, stdin=subprocess.PIPE) as slot:
        try:
            record = until(alone, run, lambda record: record["state"] == "failed")
        finally:
            slot.kill()
    assert "TARGET_URL is not set" in record["error"]["what"]


def test_workers_share_what_waits_and_nothing_is_performed_twice(shared: World) -> None:
    runs = [queued(shared) for _ in range(4)]
    with worker(shared, "--slots", 2), worker(shared):
        ended = [until(shared, run, lambda record: record["state"] == "done") for run in runs]
    assert [(record["verdict"], record["attempt"]) for record in ended] == [("green", 1)] * 4


def test_a_worker_that_is_killed_leaves_its_run_to_another(shared: World) -> None:
    with ExitStack() as workers:
        with at_work(shared):
            run = queued(shared)
            killed = workers.enter_context(worker(shared))
            process = until(shared, run, is_waiting)["process"]
            killed.kill()
            workers.enter_context(worker(shared))
            until(shared, run, lambda record: is_waiting(record) and record["attempt"] > 1)
            assert not lives(process)
        assert until(shared, run, lambda record: record["state"] == "done")["verdict"] == "green"


def test_a_worker_that_hangs_is_ended_and_its_run_goes_on(shared: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATOR_SILENCE", "8")
    with worker(shared), worker(shared):
        with at_work(shared):
            run = queued(shared)
            process = until(shared, run, is_waiting)["process"]
            os.kill(process, signal.SIGSTOP)
            until(shared, run, lambda record: is_waiting(record) and record["attempt"] > 1)
            assert not lives(process)
        assert until(shared, run, lambda record: record["state"] == "done")["verdict"] == "green"


def test_a_run_that_takes_every_process_along_is_left_to_a_person(alone: World) -> None:
    with worker(alone):
        with at_work(alone):
            run = queued(alone)
            for attempt in (1, 2, 3):
                record = until(alone, run, lambda record: is_waiting(record) and record["attempt"] == attempt)  # noqa: B023
                os.kill(record["process"], signal.SIGKILL)
            left = until(alone, run, lambda record: record["state"] == "failed")
        assert "3 attempts in a row" in left["error"]["what"]
        assert f"migrator runs resume {run}" in left["error"]["next"]
        assert alone.json("runs", "resume", run)["verdict"] == "green"


def test_a_worker_that_is_stopped_puts_its_run_back(alone: World) -> None:
    with at_work(alone):
        run = queued(alone)
        with worker(alone, "--grace", 60, "--json") as stopped:
            until(alone, run, is_waiting)
            stopped.terminate()
            output, errors = stopped.communicate(timeout=PATIENCE_S)
            assert (stopped.returncode, '"stopped_in_time": true' in output) == (0, True), (output, errors)
        assert shown(alone, run)["state"] == "queued"
    with worker(alone):
        record = until(alone, run, lambda record: record["state"] == "done")
    assert (record["verdict"], record["attempt"]) == ("green", 2)


def touched(world: World) -> dict[str, str]:
    """All but what the store keeps of runs that ended."""
    return {path: content for path, content in world.state().items() if not path.startswith("store/runs/")}


def test_what_is_cancelled_leaves_nothing_and_its_worker_goes_on(shared: World) -> None:
    before = touched(shared)
    with worker(shared):
        with at_work(shared):
            run, next_ = queued(shared), queued(shared)
            until(shared, run, is_waiting)
            assert shared.json("runs", "cancel", run)["state"] == "cancelled"
            assert shared.migrator("runs", "follow", run).code == 130
        assert until(shared, next_, lambda record: record["state"] == "done")["verdict"] == "green"
    assert touched(shared) == before


def test_what_waits_or_is_parked_is_cancelled_by_who_asks_for_it(alone: World) -> None:
    run = queued(alone)
    assert alone.json("runs", "cancel", run)["state"] == "cancelled"
    done = alone.json("rehearse", alone.plan)["run"]
    assert "not cancelled" in alone.json("runs", "cancel", done, code=2)["error"]
    with at_work(alone), alone.start("rehearse", alone.plan) as process:
        parked = until_started(alone, done)
        until(alone, parked, is_waiting)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
    assert shown(alone, parked)["state"] == "parked"
    assert alone.json("runs", "cancel", parked)["state"] == "cancelled"
