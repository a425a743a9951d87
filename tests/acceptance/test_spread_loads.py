"""Workers on one catalog stage tables of one load: it is the same, whoever of them is killed or hangs."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.office import mapping_of
from tests.acceptance.workers import MISSED_S, Workers
from tests.acceptance.world import WAIVED, World, changing
from tests.conformance.made import Made, empty
from tests.conformance.platforms import Platform
from tests.waiting import comes

ROWS = 9_000
SOURCE = f"""
CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE first (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id), note TEXT);
CREATE TABLE second (id INTEGER PRIMARY KEY, first_id INTEGER REFERENCES first (id), firm_id INTEGER, amount REAL);
CREATE TABLE third (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id), note TEXT);
INSERT INTO firms VALUES (1, 'ours'), (2, 'theirs');
WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {ROWS})
INSERT INTO first SELECT n, 1, 'é' || n FROM n;
INSERT INTO second SELECT id, id, 1, id * 0.5 FROM first;
INSERT INTO third SELECT id, 1, CASE id % 7 WHEN 0 THEN NULL ELSE note END FROM first;
INSERT INTO third SELECT -id, 1, 'more' FROM first WHERE id < 100;
"""
TARGET = """
CREATE TABLE one (id INTEGER PRIMARY KEY, note VARCHAR(40));
CREATE TABLE two (
    id INTEGER PRIMARY KEY, one_id INTEGER NOT NULL, amount {real}, FOREIGN KEY (one_id) REFERENCES one (id));
CREATE TABLE three (number INTEGER, note VARCHAR(40));
INSERT INTO one VALUES (2, 'theirs'), (-5, 'theirs');
"""
PLAN = """\
plan: ours-away
tenant: ours
source:
  url: ${SOURCE_URL}
  scope:
    root: {table: firms, where: {id: 1}}
store: ${STORE_URL}
mapping: mapping.yaml
target:
  url: ${TARGET_URL}
  on_match: keep
"""
MAPPING = """\
mapping: office
version: 1
keys:
  first: {method: keep, target: one}
  second: {method: keep, target: two}
dropped_tables:
  firms: "the new product serves one firm"
tables:
  one:
    edges:
      - from: first
        columns:
          id: {from: id, steps: [{remap: first}]}
          note: note
        dropped: {firm_id: "one firm"}
  two:
    edges:
      - from: second
        columns:
          id: {from: id, steps: [{remap: second}]}
          one_id: {from: first_id, steps: [{remap: first}]}
          amount: amount
        dropped: {firm_id: "one firm"}
  three:
    edges:
      - from: third
        columns:
          number: id
          note: note
        dropped: {firm_id: "one firm"}
"""


@dataclass(frozen=True, kw_only=True)
class Loads(Workers):
    """A target that nobody else writes to, and what a load without help leaves there."""

    target: Platform
    expected: dict[str, Any]

    def staged(self) -> list[str]:
        """Every time that a table was begun to be staged."""
        path = Path(f"{self.released}-staged")
        return sorted(path.read_text().split()) if path.exists() else []

    def ended(self, command: subprocess.Popen[str]) -> None:
        self.released.touch()
        output, _ = command.communicate(timeout=120)
        assert command.returncode == 0, output

    def require_same(self) -> None:
        run = self.world.runs()[-1]["run_id"]
        assert left(self.world, self.target, run) == self.expected
        assert self.states() == {}
        assert self.world.json("rollback", run)["kept"] == 0


def left(world: World, target: Platform, run: str) -> dict[str, Any]:
    """What a load left in its target, staging if there is any, and what its report says."""
    found = {name.replace(run, "RUN"): rows for name, rows in target.dump().items() if name}
    found = {name: rows for name, rows in found.items() if "migrator_loads" not in name}  # when, and of which run
    report = json.loads(world.migrator("report", run, "--format", "json").stdout)
    return {**found, "report": {name: report[name] for name in ("equations", "digests", "problems", "notes")}}


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world with its archive."""
    world = World.at(tmp_path_factory.mktemp("taken"), source="source.db", target="none.db")
    with changing(world.source) as connection:
        connection.executescript(SOURCE)
    world.plan.write_text(PLAN, encoding="utf-8")
    mapping_of(world).write_text(MAPPING, encoding="utf-8")
    world.json("snapshot", world.plan)
    return world


@pytest.fixture(scope="module")
def alone(
    request: pytest.FixtureRequest, taken: World, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Any]]:
    """What a load without help leaves in a target of a kind."""

    @cache
    def loaded(kind: str) -> dict[str, Any]:
        target = empty(request, kind)
        target.run(TARGET)
        world = replace(taken.copied(tmp_path_factory.mktemp("alone")), target_url=target.url)
        return left(world, target, world.json("migrate", world.plan)["run"])

    return loaded


@pytest.fixture
def loads(
    request: pytest.FixtureRequest,
    taken: World,
    alone: Callable[[str], dict[str, Any]],
    made: Made,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Loads:
    kind = getattr(request, "param", "postgresql")
    expected, target = alone(kind), made(kind)
    target.run(TARGET)
    monkeypatch.setenv("MIGRATOR_CATALOG", postgres_url)
    monkeypatch.setenv("MIGRATOR_SIGNING_KEY", str(tmp_path / "key"))
    world = replace(taken.copied(tmp_path), target_url=target.url)
    return Loads(world=world, catalog=postgres_url, target=target, expected=expected)


BOTH = pytest.mark.parametrize("loads", ["postgresql", "mariadb"], indirect=True)
HELPED = {"one": "kept", "two": "done", "three": "done"}


@BOTH
def test_a_worker_of_another_machine_stages_what_a_command_leaves_to_it(loads: Loads, tmp_path: Path) -> None:
    with loads.halted("none", "slot", home=tmp_path / "elsewhere"):
        loads.idle(1)
        with loads.halted("one", "migrate", loads.world.plan, *WAIVED) as command:
            comes(lambda: loads.states() == HELPED)
            loads.ended(command)
    assert loads.staged() == ["one", "three", "two"], "each once"
    loads.require_same()


def test_a_rehearsal_is_helped_with_and_leaves_nothing(loads: Loads, tmp_path: Path) -> None:
    before = loads.target.dump()
    with loads.halted("none", "slot", home=tmp_path / "elsewhere"):
        loads.idle(1)
        with loads.halted("one", "rehearse", loads.world.plan) as command:
            comes(lambda: loads.states() == HELPED)
            loads.ended(command)
    assert loads.staged() == ["one", "three", "two"], "each once"
    assert loads.target.dump() == before


@pytest.mark.parametrize(
    ("loads", "by"),
    [("postgresql", signal.SIGSTOP), ("mariadb", signal.SIGSTOP), ("mariadb", signal.SIGKILL)],
    indirect=["loads"],
)
def test_a_helper_that_dies_or_hangs_within_a_table_is_not_waited_for_and_changes_nothing_later(
    loads: Loads, by: signal.Signals
) -> None:
    with loads.halted("three", "slot") as helper:
        loads.idle(1)
        with loads.halted("one", "migrate", loads.world.plan, *WAIVED, silence_s=MISSED_S) as command:
            comes(Path(f"{loads.released}-three").exists)
            helper.send_signal(by)
            loads.ended(command)
        if by == signal.SIGSTOP:
            helper.send_signal(signal.SIGCONT)
            comes(lambda: loads.said("stopped"))
    assert loads.staged().count("three") == 2
    loads.require_same()


@pytest.mark.parametrize(
    ("loads", "halted", "helped", "state"),
    [("postgresql", "one", "two", "done"), ("mariadb", "one,three", "three", "taken")],
    indirect=["loads"],
)
def test_a_load_whose_worker_is_killed_is_finished_by_who_helped_with_it(
    loads: Loads, halted: str, helped: str, state: str
) -> None:
    with loads.halted(halted, "slot") as one, loads.halted(halted, "slot") as other:
        loads.idle(2)
        run = loads.world.json("migrate", loads.world.plan, "--detach", *WAIVED)["run"]
        for table in halted.split(","):
            comes(Path(f"{loads.released}-{table}").exists)
        comes(lambda: loads.states().get(helped) == state)
        performing = loads.world.json("runs", "show", run)["process"]
        next(worker for worker in (one, other) if worker.pid == performing).kill()
        loads.released.touch()
        comes(lambda: loads.world.json("runs", "show", run)["state"] == "done")
    assert loads.staged().count(helped) == 1, "what a helper noted is not staged again"
    loads.require_same()
