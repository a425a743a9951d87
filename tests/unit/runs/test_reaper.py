"""The lock of a run: taken from the dead and from who hangs, never from who works, and told of by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from migrator.runs.catalog import Catalog
from migrator.runs.liveness.holds import Hold, Holder, Holds, open_holds
from migrator.runs.liveness.reaper import Reaper
from migrator.runs.records import RunRecord
from migrator.runs.request import Document, SnapshotRequest
from storage.errors import Misuse
from tests.kills.proxy import Proxy

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60
PERFORM = """
import sys, time
from pathlib import Path
from migrator.runs.catalog import Catalog
from migrator.runs.liveness.heart import Heart
from migrator.runs.liveness.holds import open_holds
from migrator.runs.liveness.pace import Pace
url, folder, run_id = sys.argv[1:]
catalog = Catalog.open(url)
holds = open_holds(url, lambda run: Path(folder, run))
hold = holds.take(run_id)
record = catalog.take(catalog.run(run_id))
heart = Heart(catalog=catalog, record=record, hold=hold, pace=Pace())
with heart.beating():
    print("performing", flush=True)
    try:
        sys.stdin.readline()
    except KeyboardInterrupt:
        print("interrupted", heart.was_taken_over, heart.is_cancelled, flush=True)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalog.db'}"
    address: str = request.getfixturevalue("postgres_url")
    return address


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    with closing(Catalog.open(url)) as catalog:
        yield catalog


@pytest.fixture
def holds(url: str, tmp_path: Path) -> Iterator[Holds]:
    with closing(open_holds(url, lambda run: tmp_path / run)) as holds:
        yield holds


@pytest.fixture
def reaper(catalog: Catalog, holds: Holds) -> Reaper:
    return Reaper(catalog=catalog, holds=holds, patience_s=3.0, missed_s=1.5)


def queued(catalog: Catalog) -> RunRecord:
    request = SnapshotRequest(plan=Document(text="version: 1", file="plan.yaml"))
    return catalog.start(kind="snapshot", plan="p", tenant="t", request=request, state="queued")


@pytest.fixture
def run(catalog: Catalog) -> RunRecord:
    return queued(catalog)


@pytest.fixture
def performer(url: str, tmp_path: Path, run: RunRecord) -> Iterator[subprocess.Popen[str]]:
    with performing(url, tmp_path, run) as process:
        yield process


@contextmanager
def performing(url: str, folder: Path, run: RunRecord, code: str = PERFORM) -> Iterator[subprocess.Popen[str]]:
    """Another process that performs the run, and does nothing but beat."""
    with subprocess.Popen(
        [sys.executable, "-c", code, url, str(folder), run.run_id],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert said(process) == "performing\n"
        yield process
        process.kill()


def said(performer: subprocess.Popen[str]) -> str:
    assert performer.stdout is not None
    return performer.stdout.readline()


def claimed(reaper: Reaper, run_id: str) -> Hold:
    """The run's lock, as soon as it can be had."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if hold := reaper.claim(reaper.catalog.run(run_id)):
            return hold
        time.sleep(0.05)
    raise AssertionError("nobody got the lock")


def ended(holds: Holds, run_id: str) -> None:
    """The holder's session is no more; the server ends it a moment after it was told to."""
    holds.end(run_id)
    while holds.holder(run_id) is not None:
        time.sleep(0.01)


def test_one_of_all_gets_what_is_queued_and_the_next_when_it_is_released(reaper: Reaper, run: RunRecord) -> None:
    first = reaper.claim(run)
    assert first is not None
    assert first.is_kept()
    assert reaper.claim(run) is None
    assert reaper.holds.holder(run.run_id) == Holder.here()
    first.release()
    first.release()
    assert reaper.holds.holder(run.run_id) is None
    again = reaper.claim(run)
    assert again is not None
    again.release()


def test_who_comes_with_what_was_true_before_gets_nothing(reaper: Reaper, run: RunRecord) -> None:
    reaper.catalog.take(run)
    assert reaper.claim(run) is None
    assert reaper.holds.holder(run.run_id) is None


def test_who_works_is_left_alone_and_named(reaper: Reaper, run: RunRecord, performer: subprocess.Popen[str]) -> None:
    reaper = replace(reaper, patience_s=60)  # a machine that is busy hangs nobody
    until = time.monotonic() + 2 * reaper.missed_s
    while time.monotonic() < until:
        record = reaper.catalog.run(run.run_id)
        assert (record.state, record.attempt) == ("running", 1)
        assert reaper.claim(record) is None
        time.sleep(0.1)
    holder = reaper.holds.holder(run.run_id)
    assert holder is not None
    assert holder.process == performer.pid
    with pytest.raises(Misuse, match=f"by process {performer.pid} on"):
        reaper.needs(record)


def test_the_lock_of_the_dead_is_taken(reaper: Reaper, run: RunRecord, performer: subprocess.Popen[str]) -> None:
    performer.kill()
    performer.wait()
    claimed(reaper, run.run_id).release()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_of_the_dead_whose_network_ended_without_a_word_the_server_s_session_is_ended(
    url: str, tmp_path: Path, reaper: Reaper, run: RunRecord
) -> None:
    """Its lock outlived it by minutes, and whoever resumed the run was told that the dead performed it."""
    parts = urlsplit(url)
    with closing(Proxy(parts.port or 0)) as network:
        login, _, host = parts.netloc.rpartition("@")
        reached = parts._replace(netloc=f"{login}@{host.partition(':')[0]}:{network.port}").geturl()
        with performing(reached, tmp_path, run) as performer, network.silenced():
            performer.kill()
            performer.wait()
            claimed(replace(reaper, patience_s=10 * PATIENCE_S), run.run_id).release()


def test_who_hangs_is_ended(reaper: Reaper, run: RunRecord, performer: subprocess.Popen[str]) -> None:
    performer.send_signal(signal.SIGSTOP)
    hold = claimed(reaper, run.run_id)
    assert performer.wait(60) == -signal.SIGKILL
    hold.release()


def test_who_hangs_before_its_heart_beats_is_ended(reaper: Reaper, url: str, tmp_path: Path, run: RunRecord) -> None:
    with performing(url, tmp_path, run, code=PERFORM.replace("with heart.beating():", "if True:")) as performer:
        performer.send_signal(signal.SIGSTOP)
        hold = claimed(reaper, run.run_id)
        assert performer.wait(60) == -signal.SIGKILL
        hold.release()


def test_who_is_about_to_perform_is_not_taken_for_who_hung(
    reaper: Reaper, run: RunRecord, performer: subprocess.Popen[str]
) -> None:
    """Between the new holder's lock and its record the old one's silence still stands in the catalog."""
    performer.kill()
    performer.wait()
    other = claimed(reaper, run.run_id)
    time.sleep(reaper.patience_s)
    assert reaper.claim(reaper.catalog.run(run.run_id)) is None
    assert other.is_kept()
    other.release()


def test_who_was_taken_over_is_interrupted(catalog: Catalog, run: RunRecord, performer: subprocess.Popen[str]) -> None:
    catalog.take(catalog.run(run.run_id))
    assert said(performer) == "interrupted True False\n"


def test_who_performs_what_is_cancelled_is_interrupted(
    catalog: Catalog, run: RunRecord, performer: subprocess.Popen[str]
) -> None:
    assert catalog.move(catalog.run(run.run_id), to="cancelling")
    assert said(performer) == "interrupted False True\n"


def test_a_run_waits_to_be_performed_until_it_has_ended(catalog: Catalog, run: RunRecord) -> None:
    assert [one.run_id for one in catalog.to_perform()] == [run.run_id]
    taken = catalog.take(run)
    assert (taken.attempt, taken.process) == (1, os.getpid())
    assert [one.run_id for one in catalog.to_perform()] == [run.run_id]
    catalog.park(taken)
    assert catalog.to_perform() == ()


def test_what_nobody_asked_for_in_writing_is_nobodys_to_perform(catalog: Catalog) -> None:
    """An older version's run: what it was asked for is not recorded."""
    catalog.start(kind="snapshot", plan="p", tenant="t")
    assert catalog.to_perform() == ()


def test_a_session_that_is_lost_is_replaced_where_nobody_was_quicker(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    address = request.getfixturevalue("postgres_url")
    with closing(open_holds(address, lambda run: tmp_path / run)) as holds:
        hold = holds.take("r")
        assert hold is not None
        ended(holds, "r")
        assert hold.is_kept()
        assert holds.take("r") is None
        ended(holds, "r")
        other = holds.take("r")
        assert other is not None
        assert not hold.is_kept()
        other.release()
        hold.release()


def test_a_process_that_came_after_with_the_same_number_is_not_taken_for_the_holder() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        holder = replace(Holder.here(), process=other.pid, born=0)
        told = holder.written
        assert Holder.read(told) == holder
        assert (holder.is_gone, holder.can_be_ended_here) == (False, True)  # an unknown birth says nothing
        came_after = replace(holder, born=1)
        assert (came_after.is_gone, came_after.can_be_ended_here) == (True, False)
        assert other.poll() is None
        other.communicate()
    assert holder.is_gone
