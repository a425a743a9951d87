"""Times every step of the social story as its own process: rows, wall and CPU time, the servers' share, peak memory.

    python -m tests.benchmarks.story --rows 100000
    python -m tests.benchmarks.story --rows 1000000 --out-of postgresql --to postgresql

A measurement, not a test: it asserts nothing (tests/soak/large.py does). Steps are the commands a person would give,
in their order. Where the target is PostgreSQL, the last column is the wall time over that of `COPY … (FORMAT binary)`
of the archive's rows in the same run: out of a table for what reads, into one for what loads.
"""

from __future__ import annotations

import argparse
import runpy
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.baseline import Baseline, baseline
from tests.benchmarks.command import ROOT, Measured, measure
from tests.benchmarks.servers import KINDS, SQLITE, AnyPlatform, Servers, servers
from tests.conformance.platforms import PostgresPlatform
from tests.support_transplant import transplant

SOCIAL = ROOT / "samples" / "social"
HEADING = """\
| step | rows | wall s | CPU s | servers' CPU s | peak MiB | rows/s | ratio |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""


@dataclass(frozen=True, kw_only=True)
class Step:
    name: str
    cost: Measured
    over: float | None = None  # seconds of the plain copy it is held against

    def line(self) -> str:
        cost = self.cost
        rate = f"{cost.rows / cost.wall:,.0f}" if cost.rows else "–"
        ratio = f"{cost.wall / self.over:.1f}" if self.over else "–"
        return (
            f"| {self.name} | {cost.rows:,} | {cost.wall:.1f} | {cost.cpu:.1f} | {cost.served:.1f}"
            f" | {cost.peak:.0f} | {rate} | {ratio} |"
        )


@dataclass(frozen=True, kw_only=True)
class Story:
    """The social story between two platforms, in a folder."""

    folder: Path
    source: AnyPlatform
    target: AnyPlatform
    servers: Servers

    @classmethod
    def made(cls, folder: Path, running: Servers, *, rows: int, out_of: str = SQLITE, to: str = SQLITE) -> Story:
        """Generate both databases and carry them to their platforms; memory stays small whatever the rows."""
        runpy.run_path(str(SOCIAL / "generate.py"))["generate"](folder, rows=rows)
        platforms = []
        for kind, file in ((out_of, folder / "ruche.db"), (to, folder / "agora.db")):
            platforms.append(running.database(kind))
            transplant(file, platforms[-1])
            file.unlink()
        return cls(folder=folder, source=platforms[0], target=platforms[1], servers=running)

    def steps(self) -> Iterator[Step]:
        """Play it; every step as soon as it is done. CommandError where one does not end with 0."""
        plan = SOCIAL / "plan.yaml"
        yield self._step("inspect", "inspect", self.source.url)
        yield self._step("scope", "scope", plan)
        snapshot = self._step("snapshot", "snapshot", plan)
        archive = Path(str(snapshot.cost.answer["archive"]).removeprefix("file://"))
        plain = baseline(self.target, archive) if isinstance(self.target, PostgresPlatform) else None
        out, into = (plain.out, plain.into) if plain else (None, None)
        yield replace(snapshot, over=out)
        if plain:
            yield from _plain(plain, snapshot)
        yield self._step("archive check", "archive", "check", archive)
        yield self._step("map check", "map", "check", plan)
        yield self._step("rehearse", "rehearse", plan, over=into)
        migrated = self._step("migrate", "migrate", plan, over=into)
        yield migrated
        run = migrated.cost.answer["run"]
        yield self._step("verify", "verify", run, over=out)
        yield self._step("verify --deep", "verify", run, "--deep", over=out)
        yield self._step("rollback", "rollback", run)

    def _step(self, name: str, *arguments: object, over: float | None = None) -> Step:
        environment = {
            "MIGRATOR_HOME": str(self.folder / "home"),
            "SOURCE_URL": self.source.url,
            "TARGET_URL": self.target.url,
            "STORE_URL": (self.folder / "store").as_uri(),
        }
        cost = measure(*arguments, environment=environment, served=self.servers.cpu_seconds)
        return Step(name=name, cost=cost, over=over)


def _plain(plain: Baseline, snapshot: Step) -> Iterator[Step]:
    """The two copies everything is held against, as lines among the steps."""
    for name, seconds in (("(COPY binary, out)", plain.out), ("(COPY binary, in)", plain.into)):
        nothing = Measured(answer={"rows": snapshot.cost.rows}, wall=seconds, cpu=0, served=0, peak=0)
        yield Step(name=name, cost=nothing, over=seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--out-of", choices=KINDS, default=SQLITE, help="the kind of the source")
    parser.add_argument("--to", choices=KINDS, default=SQLITE, help="the kind of the target")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="migrator-bench-") as name, servers(Path(name)) as running:
        started = time.monotonic()
        story = Story.made(Path(name), running, rows=given.rows, out_of=given.out_of, to=given.to)
        print(f"{given.rows:,} rows asked for; generated in {time.monotonic() - started:.0f} s\n\n{HEADING}")
        for step in story.steps():
            print(step.line(), flush=True)


if __name__ == "__main__":
    main()
