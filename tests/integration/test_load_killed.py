"""kill -9 at every step of a load and of its rollback, and inside them: the end is that of a run nobody disturbed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from mappings.load import load_mapping
from migrator.contracts import Identity
from migrator.engine.check import map_check
from migrator.engine.decisions import as_decided, save_decisions
from migrator.engine.load import Loaded, load, stands
from migrator.engine.prepare import Prepared
from migrator.engine.revert import Reverted, revert
from migrator.engine.verify import READ_BEFORE
from migrator.engine.workbench import Workbench, workbench
from migrator.outcomes import Tick, Verdict
from migrator.platforms.relational.merge import RelationalMerge
from migrator.platforms.relational.undo import _Undo
from storage.archive import Archive
from storage.errors import TransientFault
from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform, SqlitePlatform
from tests.conformance.targets import die, killed
from tests.support_steps import DONE, RECORDED, KeptSteps
from tests.unit.engine.support import taken

IDENTITY = Identity(run="r1", plan="p", tenant="t", archive="a", seal="s")
MAPPING = """
mapping: m
version: 1
tables:
  items:
    edges:
      - {from: goods, columns: {id: id, code: code, price: price}}
  parts:
    edges:
      - {from: parts, columns: {id: id, item_id: item_id}}
  words:
    edges:
      - {from: words, columns: {word: word}}
"""
TABLES = ("items", "parts", "words")


@dataclass(frozen=True)
class Kill:
    """Where a process dies: at a step, or in a function of ours."""

    step: str = ""
    when: str = ""
    inside: tuple[Any, str] | None = None

    def strike(self, step: str, when: str) -> None:
        if (step, when) == (self.step, self.when):
            die()

    @contextmanager
    def planted(self) -> Iterator[None]:
        with ExitStack() as stack:
            if self.inside:
                stack.enter_context(patch.object(*self.inside, die))
            yield


LOADING = (
    Kill("stage parts", DONE),
    Kill("stage words", RECORDED),
    Kill(inside=(RelationalMerge, "_journal_before")),
    Kill(inside=(RelationalMerge, "compare")),
    Kill("merge", DONE),
    Kill("merge", RECORDED),
    Kill("verify parts", DONE),
    Kill("verify words", RECORDED),
)
"""Every kind of moment; tests/unit/engine/test_load_by_steps.py stops at every step."""

REVERTING = (
    Kill(inside=(_Undo, "_restore")),
    Kill(inside=(_Undo, "_conclude")),
    Kill("take back rows", DONE),
    Kill("take back rows", RECORDED),
)


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Platform:
    target: Platform
    if request.param == "sqlite":
        target = SqlitePlatform(tmp_path / "target.db")
    elif request.param == "postgresql":
        target = PostgresPlatform(request.getfixturevalue("postgres_url"))
    else:
        target = MysqlPlatform(request.getfixturevalue("mariadb_url"))
    target.run(
        "CREATE TABLE items (id INTEGER PRIMARY KEY, code VARCHAR(9) UNIQUE, price INTEGER);"
        "CREATE TABLE parts (id INTEGER PRIMARY KEY, item_id INTEGER NOT NULL REFERENCES items (id));"
        "CREATE TABLE words (word VARCHAR(9));"
        "INSERT INTO items VALUES (2, 'mine', 15), (9, 'x', 2); INSERT INTO words VALUES ('here'), ('twice');"
    )
    return target


@dataclass
class Night:
    """One load and its rollback; `begun` keeps which tables began to be staged, whoever dies."""

    archive: Archive
    target: Platform
    folder: Path

    @property
    def begun(self) -> list[str]:
        return (self.folder / "begun").read_text().split()

    def load(self, *, attempt: int, kill: Kill | None = None) -> Loaded:
        steps, target = self._steps("load", attempt, kill), self.target.target()
        with workbench() as bench, (kill or Kill()).planted():
            return load(
                self._prepared(bench), target, IDENTITY, rehearse=False, whole=True, steps=steps, progress=self._told
            )

    def revert(self, *, attempt: int, kill: Kill | None = None) -> Reverted:
        steps = self._steps("revert", attempt, kill)
        with (kill or Kill()).planted():
            return revert(self.target.target(), "r1", by="b1", whole=True, steps=steps)

    def forget(self) -> None:
        for name in ("load", "revert", "begun"):
            (self.folder / name).unlink(missing_ok=True)

    def _steps(self, name: str, attempt: int, kill: Kill | None) -> KeptSteps:
        return KeptSteps(path=self.folder / name, attempt=attempt, strike=(kill or Kill()).strike)

    def _prepared(self, bench: Workbench) -> Prepared:
        mapping, target, decided = load_mapping(MAPPING, file="m.yaml"), self.target.target(), self.folder / "decided"
        if stands(target, "r1"):
            return as_decided(bench, self.archive, mapping, target.describe(), decided)
        found = map_check(bench, self.archive, mapping, target, lambda _table: "overwrite")
        assert found.problems == () and found.prepared is not None
        save_decisions(found.prepared, decided)
        return found.prepared

    def _told(self, tick: Tick) -> None:
        if tick.step == "stage" and not tick.done:
            with (self.folder / "begun").open("a") as file:
                file.write(f"{tick.what}\n")


@pytest.fixture
def night(target: Platform, tmp_path: Path) -> Night:
    platform = SqlitePlatform(tmp_path / "source.db")
    platform.run(
        "CREATE TABLE goods (id INTEGER PRIMARY KEY, code TEXT, price INTEGER); CREATE TABLE words (word TEXT);"
        "CREATE TABLE parts (id INTEGER PRIMARY KEY, item_id INTEGER REFERENCES goods (id));"
        "INSERT INTO goods VALUES (1, '007', 1), (2, 'theirs', 3), (3, '', 5); INSERT INTO parts VALUES (5, 2), (6, 3);"
        "INSERT INTO words VALUES ('twice'), ('twice'), (NULL), ('');"
    )
    _, archive = taken(platform, "root: database")
    return Night(archive, target, tmp_path)


def test_the_end_is_that_of_a_night_without_a_kill(night: Night) -> None:
    before = night.target.dump()
    loaded, after = night.load(attempt=1), standing(night.target)
    undone = night.revert(attempt=1)
    assert (loaded.verdict, undone.undone.kept, night.target.dump()) == (Verdict.GREEN, 0, before)
    for number, kill in enumerate(LOADING):
        night.forget()
        killed(lambda kill=kill: night.load(attempt=1, kill=kill))  # type: ignore[misc]
        again = patiently(lambda: night.load(attempt=2))
        assert told(again) == told(loaded), kill
        assert standing(night.target) == after, kill
        assert night.begun == list(TABLES), kill  # none was staged twice
        taking = REVERTING[number % len(REVERTING)]
        killed(lambda kill=taking: night.revert(attempt=1, kill=kill))  # type: ignore[misc]
        assert patiently(lambda: night.revert(attempt=2)) == undone, taking
        assert night.target.dump() == before, (kill, taking)


def told(found: Loaded) -> Loaded:
    """What a report says of it, but for how long it took, and which attempt did it."""
    checks = tuple(check for check in found.verification.checks if check.name != READ_BEFORE)
    return replace(found, lock_seconds=0.0, timings=(), verification=replace(found.verification, checks=checks))


def standing(target: Platform) -> dict[str, Any]:
    """Everything but the marker, which says when."""
    return {name: rows for name, rows in target.dump().items() if not name.endswith("migrator_loads")}


def patiently(attempt: Callable[[], Any]) -> Any:
    """A server takes a moment to notice that a process died."""
    for _ in range(100):
        try:
            return attempt()
        except TransientFault:
            time.sleep(0.05)
    return attempt()
