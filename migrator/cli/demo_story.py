"""The story `migrator demo` plays: the samples' own data, plan and mapping, through the same service as everything."""

from __future__ import annotations

import runpy
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from migrator.outcomes import Progress, Verdict, silent
from migrator.plan import Plan
from migrator.service import Finished, Service
from migrator.wiring import here
from storage.errors import Red
from storage.writer import Sealed

Watch = Callable[[], AbstractContextManager[Progress]]
"""Gives where a step's progress goes, for as long as the step runs."""

Say = Callable[[str, str], None]
"""Receives a step's name and one sentence about what it did."""


@dataclass(kw_only=True)
class Played:
    """What the demo leaves and found out."""

    folder: Path
    archive: str = ""
    report: Path = Path()
    rows: int = 0
    compared: int = 0
    loaded: int = 0
    kept: int = 0
    rejected: int = 0
    digest_before: str = ""
    digest_after: str = ""
    verdict: Verdict = Verdict.RED
    seconds: dict[str, float] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)


def play(folder: Path, rows: int, say: Say, watch: Watch) -> Played:
    """Every step of the story, in order: watched while it runs, told when it is done. Red where one is not green."""
    story = _Story(folder, rows)
    steps: dict[str, Callable[[], str]] = {
        "generate": story.generate,
        "inspect": story.inspect,
        "scope": story.scope,
        "snapshot": story.snapshot,
        "archive check": story.check_archive,
        "map check": story.check_mapping,
        "rehearse": story.rehearse,
        "migrate": story.migrate,
        "verify": story.verify,
        "report": story.report,
        "rollback": story.roll_back,
    }
    for name, step in steps.items():
        started = time.monotonic()
        with watch() as story.progress:
            sentence = step()
        story.played.seconds[name] = time.monotonic() - started
        say(name, sentence)
    return story.played


class _Story:
    """The steps: each does its work, keeps in `played` what the end tells, and gives the sentence about it."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.progress: Progress = silent
        self._samples = Path(str(files("samples").joinpath("social")))
        self._words: dict[str, Any] = yaml.safe_load((self._samples / "story.yaml").read_text(encoding="utf-8"))
        self._told = {step["step"]: str(step["en"]) for step in self._words["steps"]}
        self._rows = rows
        self._data = folder / "platforms"
        self._service = self._serve(folder)
        self.played = Played(folder=folder)

    def _serve(self, folder: Path) -> Service:
        databases = {name: self._data / self._words[name]["database"] for name in ("source", "target")}
        return here(
            lambda tick: self.progress(tick),
            MIGRATOR_HOME=str(folder / "home"),
            MIGRATOR_CATALOG="",  # a story of its own in no shared catalog
            SOURCE_URL=f"sqlite:///{databases['source']}",
            TARGET_URL=f"sqlite:///{databases['target']}",
            STORE_URL=(folder / "archives").absolute().as_uri(),
        )

    @property
    def _plan(self) -> Plan:
        return self._service.plan(self.played.folder / "plan.yaml")

    def generate(self) -> str:
        self._data.mkdir(parents=True, exist_ok=True)
        runpy.run_path(str(self._samples / self._words["generate"]))["generate"](self._data, rows=self._rows)
        plan = (self._samples / self._words["plan"]).read_bytes()
        (self.played.folder / "plan.yaml").write_bytes(plan)
        products = " and ".join(self._words[name]["product"] for name in ("source", "target"))
        return f"{products}, two invented products, are in {self._data}"

    def inspect(self) -> str:
        found = self._service.inspect(self._plan.needs_source().url)
        return f"{len(found.tables)} tables, {sum(table.rows for table in found.tables)} rows of several companies"

    def scope(self) -> str:
        scope = self._service.scope(self._plan)
        _require(scope.verdict, "scope")
        own, name = sum(table.rows for table in scope.tables), self._words["tenant"]["name"]
        return f"{own} rows are {name}'s; each table is classified, each crossing reference decided"

    def snapshot(self) -> str:
        _, taken = self._service.snapshot(self._plan)
        self._sealed: Sealed = taken.sealed
        self.played.archive, self.played.rows = taken.sealed.location, taken.sealed.rows
        return self._told["snapshot"]

    def check_archive(self) -> str:
        checked = self._service.check_archive(self.played.archive, key=self._sealed.fingerprint)
        _require(Verdict.of(not checked.problems), "archive check")
        return f"{checked.files} files, {checked.bytes} bytes, every one as it was sealed, by this key"

    def check_mapping(self) -> str:
        found = self._service.map_check(self._plan, None)
        _require(found.verdict, "map check")
        dangling = sum(note.count for note in found.notes)
        return f"every archived row fits; {dangling} links that lead to no row of the company stay as they are"

    def rehearse(self) -> str:
        rehearsed = self._service.rehearse(self._plan, None, whole=True)
        self._ran("rehearsal", rehearsed)
        return self._told["rehearse"]

    def migrate(self) -> str:
        migrated = self._service.migrate(self._plan, None, whole=True)
        self._ran("migration", migrated)
        self.played.report = Path(migrated.report_path)
        for equation in migrated.report.equations:
            self.played.loaded += equation.loaded
            self.played.kept += equation.kept
            self.played.rejected += equation.rejected
        return self._told["migrate"]

    def verify(self) -> str:
        verified = self._service.verify(self.played.runs["migration"], deep=True)
        self._ran("verification", verified)
        assert verified.report.verification is not None
        self.played.compared = verified.report.verification.compared
        return self._told["verify"]

    def report(self) -> str:
        return f"the page to sign, and the JSON it renders, are in {self.played.report.parent}"

    def roll_back(self) -> str:
        rolled, undone = self._service.rollback(self.played.runs["migration"])
        self._ran("rollback", rolled)
        self.played.digest_before, self.played.digest_after = str(undone.digest_before_load), str(undone.digest_after)
        self.played.verdict = rolled.report.verdict
        return self._told["rollback"]

    def _ran(self, kind: str, finished: Finished) -> None:
        self.played.runs[kind] = finished.run.run_id
        _require(finished.report.verdict, kind)


def _require(verdict: Verdict, step: str) -> None:
    if verdict is not Verdict.GREEN:
        raise Red(f"the demo's {step} is red", where="samples/social", next="report this: the story should be green")
