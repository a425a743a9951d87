"""A table of very many columns, out of any platform and into any other: every verdict green, memory by its width.

    python -m tests.soak.wide_tables
    python -m tests.soak.wide_tables --columns 1590 --rows 300 --texts short --out-of postgresql --to postgresql

Rows of PostgreSQL and MariaDB must fit a page: of very many columns only short texts do. Staging takes two columns of
its own, so a table of exactly the most a platform allows is red. Prints a line a step; ends with 1 where a step took
more than BASE_MIB and COLUMN_MIB for each column, or was not green.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.command import CommandError, Measured, measure
from tests.benchmarks.servers import KINDS, SQLITE, AnyPlatform, servers
from tests.soak.promise import BrokenError, ending, require

BASE_MIB, COLUMN_MIB = 400, 1
TEXTS = {"long": ("TEXT", "a text {n} of row {row}"), "short": ("VARCHAR(3)", "{n}")}
PLAN = """\
plan: wide
tenant: acme
source: {url: "${SOURCE_URL}", scope: {root: database}}
store: ${STORE_URL}
mapping: mapping.yaml
target: {url: "${TARGET_URL}"}
"""
MAPPING = "mapping: wide\nversion: 1\ntables: {answers: {edges: [{from: answers, columns: {COLUMNS}}]}}\n"
_ROWS_AT_ONCE, _BETWEEN = 100, "', '"


@dataclass(frozen=True, kw_only=True)
class Wide:
    """A table of a key and so many texts, and the plan that moves it."""

    folder: Path
    source: AnyPlatform
    target: AnyPlatform

    @classmethod
    def made(
        cls, folder: Path, source: AnyPlatform, target: AnyPlatform, *, columns: int, rows: int, texts: str
    ) -> Wide:
        type_, form = TEXTS[texts]
        names = [f"answer_{number}" for number in range(1, columns)]
        declared = ", ".join(f"{name} {type_}" for name in names)
        for platform in (source, target):
            platform.run(f"CREATE TABLE answers (id INTEGER PRIMARY KEY, {declared})")
        for start in range(0, rows, _ROWS_AT_ONCE):
            values = (_row(row, columns, form) for row in range(start, min(start + _ROWS_AT_ONCE, rows)))
            source.run(f"INSERT INTO answers VALUES {', '.join(values)}")
        (folder / "plan.yaml").write_text(PLAN)
        (folder / "mapping.yaml").write_text(
            MAPPING.replace("COLUMNS", ", ".join(f"{name}: {name}" for name in ("id", *names)))
        )
        return cls(folder=folder, source=source, target=target)

    def steps(self, empty: AnyPlatform) -> Iterator[tuple[str, Measured]]:
        """Play it; `empty` is of the source's kind."""
        plan = self.folder / "plan.yaml"
        snapshot = self.measured("snapshot", plan)
        yield "snapshot", snapshot
        yield "archive check", self.measured("archive", "check", snapshot.answer["archive"])
        yield "map check", self.measured("map", "check", plan)
        yield "rehearse", self.measured("rehearse", plan)
        migrated = self.measured("migrate", plan)
        yield "migrate", migrated
        run = migrated.answer["run"]
        yield "verify", self.measured("verify", run)
        yield "verify --deep", self.measured("verify", run, "--deep")
        yield "rollback", self.measured("rollback", run)
        yield "restore", self.measured("restore", snapshot.answer["archive"], empty.url)

    def measured(self, *arguments: object) -> Measured:
        """One command."""
        environment = {
            "MIGRATOR_HOME": str(self.folder / "home"),
            "SOURCE_URL": self.source.url,
            "TARGET_URL": self.target.url,
            "STORE_URL": (self.folder / "store").as_uri(),
        }
        return measure(*arguments, environment=environment)


def _row(row: int, columns: int, form: str) -> str:
    texts = (form.format(n=(row * 7 + column * 13) % 997, row=row) for column in range(1, columns))
    return f"({row}, '{_BETWEEN.join(texts)}')"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--columns", type=int, default=200)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--texts", choices=TEXTS, default="long")
    parser.add_argument("--out-of", choices=KINDS, default=SQLITE)
    parser.add_argument("--to", choices=KINDS, default=SQLITE)
    given = parser.parse_args()
    most = BASE_MIB + COLUMN_MIB * given.columns
    with tempfile.TemporaryDirectory(prefix="migrator-soak-") as name, servers(Path(name)) as running:
        source, target, empty = (running.database(kind) for kind in (given.out_of, given.to, given.out_of))
        wide = Wide.made(Path(name), source, target, columns=given.columns, rows=given.rows, texts=given.texts)
        print("| step | wall s | peak MiB |\n| --- | ---: | ---: |", flush=True)
        try:
            for step, cost in wide.steps(empty):
                print(f"| {step} | {cost.wall:.1f} | {cost.peak:.0f} |", flush=True)
                require(cost.answer.get("verdict", "green") == "green", f"{step} is not green: {cost.answer}")
                require(cost.peak <= most, f"{step} took {cost.peak:.0f} MiB, more than {most:.0f}")
        except CommandError as error:
            raise BrokenError(str(error)) from error


if __name__ == "__main__":
    ending(main)
