"""A command that is forked is one that was started: its own process, streams, folder and environment."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kills.warm import Wanted, Warm, warm
from tests.kills.watched import Watched


@pytest.fixture(scope="module")
def kept_warm() -> Iterator[Warm]:
    with warm() as found:
        yield found


def start(kept_warm: Warm, folder: Path, *arguments: str) -> Watched:
    environment = {**os.environ, "MIGRATOR_HOME": "home"}
    return Watched(kept_warm.start(Wanted(arguments=arguments, environment=environment, folder=folder)))


def test_it_answers_as_a_program_does(kept_warm: Warm, tmp_path: Path) -> None:
    listed, refused = start(kept_warm, tmp_path, "runs", "list", "--json"), start(kept_warm, tmp_path, "runs", "?")
    assert listed.answer().json == {"runs": []}
    assert (tmp_path / "home").is_dir()  # of its environment, in its folder
    assert refused.answer().code == 2
    assert len({os.getpid(), listed.process.pid, refused.process.pid}) == 3


def test_it_is_killed_as_a_program_is(kept_warm: Warm, tmp_path: Path) -> None:
    worker = start(kept_warm, tmp_path, "worker")
    worker.reach(1)
    assert not worker.ends_within(0.01)
    worker.process.kill()
    assert worker.answer().code == -signal.SIGKILL
    worker.process.kill()  # nobody is there any more, and nobody else is struck


def test_it_stops_as_a_program_does(kept_warm: Warm, tmp_path: Path) -> None:
    worker = start(kept_warm, tmp_path, "worker")
    worker.reach(1)
    worker.process.terminate()
    answer = worker.answer()
    assert answer.code == 0
    assert "ending" in answer.stderr
