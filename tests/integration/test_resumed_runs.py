"""A run is performed once, however often it is stopped: what was finished is not done again, by whoever goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from migrator.runs.catalog import Catalog
from tests.integration.five_steps import NAMES

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Stopped:
    run: str
    did: list[str]
    code: int
    stderr: str


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where the processes of a test record what they do."""

    folder: Path
    catalog_url: str

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "MIGRATOR_HOME": str(self.folder), "MIGRATOR_CATALOG": self.catalog_url}
        command, pipe = [sys.executable, "-m", "tests.integration.five_steps", *arguments], subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def ran(self, *arguments: str, signalled: signal.Signals | None = None) -> Stopped:
        """What became of it; where a signal is sent, it is sent within the third step."""
        process = self.start(*arguments)
        assert process.stdout is not None
        said = ""
        if signalled:
            while "three" not in said:
                line = process.stdout.readline()
                assert line, process.stderr and process.stderr.read()
                said += line
            process.send_signal(signalled)
        output, errors = process.communicate(timeout=120)
        run, *did = (said + output).split() or [""]
        return Stopped(run=run, did=did, code=process.returncode, stderr=errors)

    def state(self, run: str) -> tuple[str, str | None, int]:
        catalog = Catalog.open(self.catalog_url)
        try:
            record = catalog.run(run)
            return record.state, record.verdict, record.attempt
        finally:
            catalog.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    return Home(
        folder=tmp_path,
        catalog_url=url if request.param == "sqlite" else request.getfixturevalue("postgres_url"),
    )


def test_after_kill_9_it_goes_on_with_the_step_under_way(home: Home) -> None:
    killed = home.ran("begin", "kill")
    assert (killed.code, killed.did) == (-9, ["one", "two", "three"])
    assert home.state(killed.run) == ("lost", None, 1)
    resumed = home.ran(killed.run)
    assert (resumed.code, resumed.run, resumed.did) == (0, killed.run, ["three", "four", "five"]), resumed.stderr
    assert home.state(killed.run) == ("done", "green", 2)


@pytest.mark.parametrize("signalled", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_a_parked_run_says_after_which_step_it_goes_on(home: Home, signalled: signal.Signals) -> None:
    parked = home.ran("begin", "sleep", signalled=signalled)
    assert (parked.code, parked.did) == (130, ["one", "two", "three"])
    assert f"migrator runs resume {parked.run} goes on after two" in parked.stderr
    assert home.state(parked.run) == ("parked", None, 1)
    again = home.ran(parked.run, "sleep", signalled=signalled)
    assert (again.code, again.did) == (130, ["three"]), again
    assert home.ran(parked.run).did == ["three", "four", "five"]
    assert home.state(parked.run) == ("done", "green", 3)


def test_a_fault_is_mended_and_the_run_resumed(home: Home) -> None:
    failed = home.ran("begin", "fault")
    assert (failed.code, failed.did) == (1, ["one", "two", "three"])
    assert "the disk is full" in failed.stderr and f"migrator runs resume {failed.run}" in failed.stderr
    assert home.state(failed.run) == ("failed", None, 1)
    assert home.ran(failed.run).did == ["three", "four", "five"]
    assert home.state(failed.run) == ("done", "green", 2)


def test_a_red_answer_and_a_done_run_are_not_resumed(home: Home) -> None:
    red, done = home.ran("begin", "red"), home.ran("begin")
    assert (red.code, done.code, done.did) == (3, 0, list(NAMES))
    for run, said in ((red.run, "its answer is red"), (done.run, "the run is done")):
        refused = home.ran(run)
        assert (refused.code, refused.did) == (2, [])
        assert said in refused.stderr and run in refused.stderr
    assert home.state(red.run) == ("done", "red", 1)


def test_of_two_who_resume_it_at_once_one_performs_it(home: Home) -> None:
    killed = home.ran("begin", "kill")
    both = [home.start(killed.run, "wait") for _ in range(2)]
    outputs = [process.communicate("\n", timeout=120) for process in both]
    codes, did = [process.returncode for process in both], [output.split()[1:] for output, _ in outputs]
    assert sorted(codes) == [0, 2], outputs
    assert did[codes.index(0)] == ["three", "four", "five"]
    refused = outputs[codes.index(2)][1]
    assert "under way" in refused or "already" in refused or "is done" in refused
    assert home.state(killed.run) == ("done", "green", 2)
