"""A catalog that goes away in the middle of a run: it is told of, waited for, and the run goes on or can be resumed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.acceptance.performers import at_work, is_waiting, until, until_started
from tests.acceptance.world import World, dump
from tests.kills.proxy import Proxy
from tests.servers.process import LOOPBACK

AWAY = "the catalog does not answer"
Harm = Callable[[Proxy], AbstractContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A world whose catalog is behind a network of the test's own."""

    world: World
    network: Proxy

    @contextmanager
    def rehearsing(self) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """A rehearsal that waits for somebody who has the target's tables."""
        with self.world.start("rehearse", self.world.plan) as process:
            try:
                run = until_started(self.world)
                until(self.world, run, is_waiting)
                yield process, run
            finally:
                process.kill()


@pytest.fixture
def remote(right_office: World, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    parts = urlsplit(postgres_url)
    assert parts.port is not None
    network = Proxy(parts.port)
    place = parts.netloc.rpartition("@")[0] + f"@{LOOPBACK}:{network.port}"
    monkeypatch.setenv("MIGRATOR_CATALOG", urlunsplit(parts._replace(netloc=place)))
    yield Remote(world=right_office.copied(tmp_path), network=network)
    network.close()


def said(process: subprocess.Popen[str], words: str) -> str:
    """The first line on stderr with these words; all that was said where there is none."""
    assert process.stderr is not None
    heard = []
    for line in process.stderr:
        heard.append(line)
        if words in line:
            return line
    raise AssertionError("".join(heard))


@pytest.mark.parametrize("harm", [Proxy.cut, Proxy.stalled])
def test_a_run_goes_on_when_its_catalog_comes_back(remote: Remote, harm: Harm) -> None:
    with ExitStack() as stack:
        with at_work(remote.world):
            process, run = stack.enter_context(remote.rehearsing())
            away = stack.enter_context(ExitStack())
            away.enter_context(harm(remote.network))
            said(process, AWAY)
        time.sleep(2)  # it has the tables now, and comes to where a step is to be recorded
        assert process.poll() is None
        away.close()
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, (output, errors)
    record = remote.world.runs()[-1]
    assert (record["run_id"], record["state"], record["attempt"]) == (run, "done", 1)


def test_who_follows_waits_for_the_catalog(remote: Remote) -> None:
    with at_work(remote.world), remote.rehearsing() as (_, run), remote.world.start("runs", "follow", run) as following:
        said(following, "…")  # it has found the run
        with remote.network.cut():
            said(following, AWAY)
        assert remote.world.migrator("runs", "cancel", run).code == 0
        _output, errors = following.communicate(timeout=120)
        assert (following.returncode, "error" in errors) == (130, False), errors


def test_who_follows_gives_up_when_the_catalog_stays_away(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATOR_PATIENCE", "8")
    with at_work(remote.world), remote.rehearsing() as (_, run):
        with remote.world.start("runs", "follow", run) as following:
            said(following, "…")
            with remote.network.cut():
                output, errors = following.communicate(timeout=120)
        assert (following.returncode, output) == (1, ""), errors
        assert "the catalog was away for 8 s" in errors and f"migrator runs follow {run}" in errors


def test_a_catalog_that_stays_away_ends_the_run_which_is_resumed(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGRATOR_PATIENCE", "8")
    before = dump(remote.world.target)
    with at_work(remote.world), remote.rehearsing() as (process, run), remote.network.cut():
        output, errors = process.communicate(timeout=120)
    assert (process.returncode, output) == (1, ""), errors
    assert AWAY in errors
    assert "the catalog was away for 8 s" in errors and f"migrator runs resume {run}" in errors
    assert dump(remote.world.target) == before
    assert remote.world.json("runs", "resume", run)["verdict"] == "green"
    assert dump(remote.world.target) == before
