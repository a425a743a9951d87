"""Workers on one catalog copy tables of one snapshot: the archive is the same, whoever of them is killed or hangs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from migrator.engine.turns import WORTH_ROWS
from tests.acceptance.test_snapshot_resumed import handle, keepers
from tests.acceptance.workers import MISSED_S, Workers
from tests.acceptance.world import World
from tests.conformance.platforms import PostgresPlatform
from tests.servers.postgres import Postgres
from tests.waiting import comes

SOURCE = f"""
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE first (id int PRIMARY KEY, firm_id int REFERENCES firms, note text);
CREATE TABLE second (id int PRIMARY KEY, firm_id int REFERENCES firms, amount numeric);
CREATE TABLE third (id int PRIMARY KEY, firm_id int REFERENCES firms, at timestamptz);
INSERT INTO firms VALUES (1, 'ours'), (2, 'theirs');
INSERT INTO first SELECT n, 1 + n % 20 / 19, 'é' || n FROM generate_series(1, {WORTH_ROWS * 11 // 10}) n;
INSERT INTO second SELECT id, firm_id, id * 1.10 FROM first;
INSERT INTO third SELECT id, firm_id, timestamptz 'epoch' + id * interval '1 day' FROM first;
INSERT INTO third SELECT -n, 1, NULL FROM generate_series(1, 100) n;
"""
PLAN = """\
plan: firm-away
tenant: ours
source:
  url: ${SOURCE_URL}
  max_connections: 3
  scope:
    root: {table: firms, where: {id: 1}}
store: ${STORE_URL}
"""
LARGE = ["first", "second", "third"]


@dataclass(frozen=True, kw_only=True)
class Spread(Workers):
    """A source that nobody writes to, a catalog that workers share, and what a snapshot holds without help."""

    expected: dict[str, str]

    def is_copied(self) -> bool:
        """Whether helpers have copied all that is worth it."""
        return self.states() == dict.fromkeys(LARGE, "done")

    def ended(self, process: subprocess.Popen[str]) -> Path:
        """The archive, when the command has come to its end; it holds what was expected, and nothing else is left."""
        self.released.touch()
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return self.require_same(Path(output.strip().removeprefix("file://")))

    def content(self, archive: Path) -> dict[str, str]:
        return content(archive)

    def require_same(self, archive: Path) -> Path:
        assert self.content(archive) == self.expected
        assert self.world.json("archive", "check", archive)["verdict"] == "green"
        # what became of the run comes last, and what was killed within a write is swept one day
        assert {path.name for path in self.world.store.iterdir()} - {".unfinished", "runs"} == {archive.name}
        assert self.states() == {}
        return archive


def content(archive: Path) -> dict[str, str]:
    """The hash of every file with rows in it."""
    lines = (line.split(maxsplit=1) for line in (archive / "manifest-sha256.txt").read_text().splitlines())
    return {path: digest for digest, path in lines if path.startswith(("data/csv/", "data/parquet/"))}


@contextmanager
def filled(postgres: Postgres, script: str) -> Iterator[str]:
    """A database of its own with what the script makes."""
    url = postgres.database()
    PostgresPlatform(url).run(script)
    yield url
    postgres.drop(url)


@contextmanager
def on_catalog(spread: Spread, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody holds its point in time at the end."""
    monkeypatch.setenv("MIGRATOR_CATALOG", spread.catalog)
    yield
    for keeper in keepers(spread.world):
        os.kill(keeper, signal.SIGKILL)


@pytest.fixture(scope="module")
def source(postgres: Postgres) -> Iterator[str]:
    with filled(postgres, SOURCE) as url:
        yield url


@pytest.fixture(scope="module")
def expected(source: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    world = made(tmp_path_factory.mktemp("alone"), source)
    return content(Path(world.json("snapshot", world.plan)["archive"]))


@pytest.fixture
def spread(
    source: str, expected: dict[str, str], postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Spread]:
    found = Spread(world=made(tmp_path, source), expected=expected, catalog=postgres_url)
    with on_catalog(found, monkeypatch):
        yield found


def made(folder: Path, source: str) -> World:
    world = replace(World.at(folder, source="none.db", target="none.db"), source_url=source)
    world.plan.write_text(PLAN, encoding="utf-8")
    return world


def audit(archive: Path) -> str:
    return (archive / "data/provenance/audit.jsonl").read_text()


def test_two_workers_copy_what_a_command_leaves_to_them(spread: Spread) -> None:
    with spread.halted("none", "worker", "--slots", 2):
        spread.idle(2)
        with spread.halted("firms", "snapshot", spread.world.plan) as command:
            comes(spread.is_copied)
            archive = spread.ended(command)
        assert json.dumps({"tables": LARGE}) in audit(archive)


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGSTOP], ids=lambda by: by.name)
def test_a_helper_that_dies_or_hangs_is_not_waited_for_and_changes_nothing_later(
    spread: Spread, by: signal.Signals
) -> None:
    with spread.halted("third", "slot") as helper:
        spread.idle(1)
        with spread.halted("firms", "snapshot", spread.world.plan, silence_s=MISSED_S) as command:
            comes(Path(f"{spread.released}-third").exists)
            helper.send_signal(by)
            archive = spread.ended(command)
        assert "copied by other workers" not in audit(archive)
        if by == signal.SIGSTOP:
            helper.send_signal(signal.SIGCONT)
            comes(lambda: spread.said("stopped: "))  # the run is another's, or its own way to the source has ended
        spread.require_same(archive)


def test_a_run_whose_worker_is_killed_is_finished_by_who_helped_with_it(spread: Spread) -> None:
    with spread.halted("firms", "slot") as one, spread.halted("firms", "slot") as other:
        spread.idle(2)
        run = spread.world.json("snapshot", spread.world.plan, "--detach")["run"]
        comes(spread.is_copied)
        comes(lambda: handle(spread.world) != "None")
        performing = spread.world.json("runs", "show", run)["process"]
        next(worker for worker in (one, other) if worker.pid == performing).kill()
        spread.released.touch()
        comes(lambda: spread.world.json("runs", "show", run)["state"] == "done")
    (archive,) = spread.world.archives()
    spread.require_same(archive)
    events = {line["event"]: line["detail"] for line in map(json.loads, audit(archive).splitlines())}
    assert set(LARGE) <= set(events["went on in the same fence"]["tables"])
