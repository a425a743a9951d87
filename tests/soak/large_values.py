"""One value of 200 MiB, out of any platform and into any other: every verdict green, and memory a small multiple of it.

    python -m tests.soak.large_values
    python -m tests.soak.large_values --mib 200 --out-of postgresql --to mariadb --of text

Prints a line a step; ends with 1 where a step took more than BASE_MIB and MOST_TIMES the value, or was not green.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.command import CommandError, Measured, measure
from tests.benchmarks.servers import KINDS, MARIADB, POSTGRESQL, SQLITE, AnyPlatform, servers
from tests.soak.promise import BrokenError, ending, require

BASE_MIB, MOST_TIMES = 250, 7
PLAN = """\
plan: large
tenant: acme
source: {url: "${SOURCE_URL}", scope: {root: database}}
store: ${STORE_URL}
mapping: mapping.yaml
target: {url: "${TARGET_URL}"}
"""
MAPPING = """\
mapping: large
version: 1
tables: {papers: {edges: [{from: papers, columns: {id: id, content: content}}]}}
"""
BYTES, TEXT = CLASSES = ("bytes", "text")
_TYPES = {
    BYTES: {SQLITE: "BLOB", POSTGRESQL: "bytea", MARIADB: "LONGBLOB"},
    TEXT: {SQLITE: "TEXT", POSTGRESQL: "text", MARIADB: "LONGTEXT"},
}
_CONTENTS = {
    BYTES: {
        SQLITE: "randomblob({bytes})",
        POSTGRESQL: "decode(repeat(md5('large'), {bytes} / 16), 'hex')",
        MARIADB: "repeat(unhex(md5('large')), {bytes} / 16)",
    },
    TEXT: {
        SQLITE: "hex(randomblob({bytes} / 2))",
        POSTGRESQL: "repeat(md5('large'), {bytes} / 32)",
        MARIADB: "repeat(md5('large'), {bytes} / 32)",
    },
}


@dataclass(frozen=True, kw_only=True)
class Large:
    """A table with one value of so many bytes, and the plan that moves it."""

    folder: Path
    source: AnyPlatform
    target: AnyPlatform

    @classmethod
    def made(
        cls,
        folder: Path,
        source: AnyPlatform,
        target: AnyPlatform,
        *,
        kinds: tuple[str, str],
        mib: int,
        of: str = BYTES,
    ) -> Large:
        for platform, kind in ((source, kinds[0]), (target, kinds[1])):
            platform.run(f"CREATE TABLE papers (id INTEGER PRIMARY KEY, content {_TYPES[of][kind]} NOT NULL)")
        source.run(f"INSERT INTO papers VALUES (1, {_CONTENTS[of][kinds[0]].format(bytes=mib << 20)})")
        (folder / "plan.yaml").write_text(PLAN)
        (folder / "mapping.yaml").write_text(MAPPING)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=200)
    parser.add_argument("--out-of", choices=KINDS, default=SQLITE)
    parser.add_argument("--to", choices=KINDS, default=SQLITE)
    parser.add_argument("--of", choices=CLASSES, default=BYTES)
    given = parser.parse_args()
    most = BASE_MIB + MOST_TIMES * given.mib
    with tempfile.TemporaryDirectory(prefix="migrator-soak-") as name, servers(Path(name)) as running:
        if MARIADB in (given.out_of, given.to):
            running.mariadb.admin("SET GLOBAL max_allowed_packet = 1073741824")
        source, target, empty = (running.database(kind) for kind in (given.out_of, given.to, given.out_of))
        large = Large.made(Path(name), source, target, kinds=(given.out_of, given.to), mib=given.mib, of=given.of)
        print("| step | wall s | peak MiB | times the value |\n| --- | ---: | ---: | ---: |", flush=True)
        try:
            for step, cost in large.steps(empty):
                print(
                    f"| {step} | {cost.wall:.1f} | {cost.peak:.0f} | {(cost.peak - BASE_MIB) / given.mib:.1f} |",
                    flush=True,
                )
                require(cost.answer.get("verdict", "green") == "green", f"{step} is not green: {cost.answer}")
                require(cost.peak <= most, f"{step} took {cost.peak:.0f} MiB, more than {most}")
        except CommandError as error:
            raise BrokenError(str(error)) from error


if __name__ == "__main__":
    ending(main)
