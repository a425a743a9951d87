"""The story `migrator demo` plays: the samples' own data, plan and mapping, through the same service as everything."""

from __future__ import annotations

import runpy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from migrator.outcomes import Progress, Verdict
from migrator.service import Finished
from migrator.wiring import service
from storage.errors import Red

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


def play(folder: Path, rows: int, say: Say, progress: Progress) -> Played:
    """inspect → scope → snapshot → archive check → map check → rehearse → migrate → verify → report → rollback."""
    story_folder = Path(str(files("samples").joinpath("social")))
    story: dict[str, Any] = yaml.safe_load((story_folder / "story.yaml").read_text(encoding="utf-8"))
    told = {step["step"]: step["en"] for step in story["steps"]}
    played = Played(folder=folder)
    data = folder / "platforms"
    data.mkdir(parents=True, exist_ok=True)
    source, target = data / story["source"]["database"], data / story["target"]["database"]
    with _timed(played, "generate"):
        runpy.run_path(str(story_folder / story["generate"]))["generate"](data, rows=rows)
    say(
        "generate",
        f"{story['source']['product']} and {story['target']['product']}, two invented products, are in {data}",
    )
    plan_file = folder / "plan.yaml"
    plan_file.write_bytes((story_folder / story["plan"]).read_bytes())
    served = service(
        progress,
        home=str(folder / "home"),
        variables={
            "SOURCE_URL": f"sqlite:///{source}",
            "TARGET_URL": f"sqlite:///{target}",
            "STORE_URL": (folder / "archives").absolute().as_uri(),
        },
    )
    plan = served.plan(plan_file)
    with _timed(played, "inspect"):
        found = served.inspect(plan.needs_source().url)
    say("inspect", f"{len(found.tables)} tables, {sum(t.rows for t in found.tables)} rows of several companies")
    with _timed(played, "scope"):
        scope = served.scope(plan)
    _require(scope.verdict, "scope")
    own = sum(table.rows for table in scope.tables)
    say(
        "scope",
        f"{own} rows are {story['tenant']['name']}'s; each table is classified, each crossing reference decided",
    )
    with _timed(played, "snapshot"):
        _, taken = served.snapshot(plan)
    played.archive, played.rows = taken.sealed.location, taken.sealed.rows
    say("snapshot", told["snapshot"])
    with _timed(played, "archive check"):
        checked = served.check_archive(played.archive, key=taken.sealed.fingerprint)
    _require(Verdict.of(not checked.problems), "archive check")
    say("archive check", f"{checked.files} files, {checked.bytes} bytes, every one as it was sealed, by this key")
    with _timed(played, "map check"):
        fits = served.map_check(plan, None)
    _require(fits.verdict, "map check")
    say(
        "map check",
        f"every archived row fits; {sum(note.count for note in fits.notes)} dangling links stay as they are",
    )
    with _timed(played, "rehearse"):
        rehearsed = served.rehearse(plan, None, whole=True)
    _require(rehearsed.report.verdict, "rehearse")
    say("rehearse", told["rehearse"])
    with _timed(played, "migrate"):
        migrated = served.migrate(plan, None, whole=True)
    _require(migrated.report.verdict, "migrate")
    _count(played, migrated)
    say("migrate", told["migrate"])
    with _timed(played, "verify"):
        verified = served.verify(migrated.run.run_id, deep=True)
    _require(verified.report.verdict, "verify")
    assert verified.report.verification is not None
    played.compared = verified.report.verification.compared
    say("verify", told["verify"])
    played.report = migrated.report_path
    say("report", str(played.report))
    with _timed(played, "rollback"):
        rolled, undone = served.rollback(migrated.run.run_id)
    say("rollback", told["rollback"])
    played.digest_before, played.digest_after = str(undone.digest_before_load), str(undone.digest_after)
    played.verdict = rolled.report.verdict
    played.runs = {"rehearsal": rehearsed.run.run_id, "migration": migrated.run.run_id, "rollback": rolled.run.run_id}
    return played


def _count(played: Played, finished: Finished) -> None:
    for equation in finished.report.equations:
        played.loaded += equation.loaded
        played.kept += equation.kept
        played.rejected += equation.rejected


def _require(verdict: Verdict, step: str) -> None:
    if verdict is not Verdict.GREEN:
        raise Red(f"the demo's {step} is red", where="samples/social", next="report this: the story should be green")


@contextmanager
def _timed(played: Played, step: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    played.seconds[step] = time.monotonic() - started
