"""A move of one plan through every command, and back: each step's cost, judged against a bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.command import CommandError, Measured, measure
from tests.benchmarks.servers import AnyPlatform
from tests.soak.promise import BrokenError, require

PLAN = """\
plan: soak
tenant: acme
source: {url: "${SOURCE_URL}", scope: {root: database}}
store: ${STORE_URL}
mapping: mapping.yaml
target: {url: "${TARGET_URL}"}
"""


@dataclass(frozen=True, kw_only=True)
class ThereAndBack:
    """A source with its data, an empty target of its tables, and `empty`, a platform of the source's kind."""

    folder: Path
    source: AnyPlatform
    target: AnyPlatform
    empty: AnyPlatform

    def written(self, mapping: str) -> ThereAndBack:
        """With the plan and this mapping in its folder."""
        (self.folder / "plan.yaml").write_text(PLAN)
        (self.folder / "mapping.yaml").write_text(mapping)
        return self

    def judged(self, most: float) -> Iterator[tuple[str, Measured]]:
        """Each step as it ends; BrokenError where one is not green, or takes more than `most` MiB."""
        try:
            for step, cost in self._steps():
                yield step, cost
                require(cost.answer.get("verdict", "green") == "green", f"{step} is not green: {cost.answer}")
                require(cost.peak <= most, f"{step} took {cost.peak:.0f} MiB, more than {most:.0f}")
        except CommandError as error:
            raise BrokenError(str(error)) from error

    def _steps(self) -> Iterator[tuple[str, Measured]]:
        plan = self.folder / "plan.yaml"
        snapshot = self.measured("snapshot", plan)
        archive = snapshot.answer["archive"]
        yield "snapshot", snapshot
        yield "archive check", self.measured("archive", "check", archive)
        yield "map check", self.measured("map", "check", plan)
        yield "rehearse", self.measured("rehearse", plan)
        migrated = self.measured("migrate", plan)
        yield "migrate", migrated
        run = migrated.answer["run"]
        yield "verify", self.measured("verify", run)
        yield "verify --deep", self.measured("verify", run, "--deep")
        yield "rollback", self.measured("rollback", run)
        yield "restore", self.measured("restore", archive, self.empty.url)

    def measured(self, *arguments: object) -> Measured:
        """One command in its folder."""
        environment = {
            "MIGRATOR_HOME": str(self.folder / "home"),
            "SOURCE_URL": self.source.url,
            "TARGET_URL": self.target.url,
            "STORE_URL": (self.folder / "store").as_uri(),
        }
        return measure(*arguments, environment=environment)
