"""Times every step of the social story as its own process: rows, bytes, wall and CPU time, peak memory.

    python tests/benchmarks/story.py --rows 100000
    python tests/benchmarks/story.py --rows 1000000 --out-of postgresql --to postgresql

A measurement, not a test: it asserts nothing. Steps are the commands a person would give, in their order.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi
import pyarrow.dataset

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform, SqlitePlatform  # noqa: E402
from tests.servers import mariadb, postgres  # noqa: E402
from tests.support_transplant import transplant  # noqa: E402

KINDS = ("sqlite", "postgresql", "mariadb")


@dataclass(frozen=True, kw_only=True)
class Measured:
    step: str
    rows: int
    wall: float  # seconds
    cpu: float  # seconds, user and system
    peak: float  # MiB, resident

    def line(self) -> str:
        rate = f"{self.rows / self.wall:,.0f}" if self.rows else "–"
        return f"| {self.step} | {self.rows:,} | {self.wall:.1f} | {self.cpu:.1f} | {self.peak:.0f} | {rate} |"


def measure(step: str, arguments: list[str], environment: dict[str, str]) -> tuple[Measured, dict[str, object]]:
    """Run one command with --json; its answer and what it cost."""
    program = [sys.executable, "-c", "from migrator.cli import main; main()", *arguments, "--json"]
    started = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(program, env=environment, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        out.seek(0)
        answer = json.loads(out.read() or b"{}")
    if process.returncode:
        raise SystemExit(f"{step} ended with {process.returncode}: {answer}")
    measured = Measured(
        step=step,
        rows=_rows(answer),
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=usage.ru_maxrss / 1024,
    )
    return measured, answer


def _rows(answer: dict[str, object]) -> int:
    for key in ("rows", "compared", "reversed"):
        if isinstance(found := answer.get(key), int):
            return found
    tables = answer.get("tables")
    return sum(int(table.get("rows", 0)) for table in tables) if isinstance(tables, list) else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--out-of", choices=KINDS, default="sqlite", help="the kind of the source")
    parser.add_argument("--to", choices=KINDS, default="sqlite", help="the kind of the target")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="migrator-bench-") as name, ExitStack() as servers:
        folder, started = Path(name), time.monotonic()
        platforms = _platforms(folder, given.rows, given.out_of, given.to, servers)
        print(f"{given.rows:,} rows asked for; generated in {time.monotonic() - started:.0f} s\n")
        _play(folder, *platforms)


def _platforms(folder: Path, rows: int, out_of: str, to: str, servers: ExitStack) -> tuple[Platform, Platform]:
    """The source and the target, filled; a server of its kind is started where one is asked for."""
    runpy.run_path(str(ROOT / "samples/social/generate.py"))["generate"](folder, rows=rows)
    running: dict[str, Any] = {}

    def made(kind: str, file: Path) -> Platform:
        if kind == "sqlite":
            return SqlitePlatform(file)
        if kind not in running:
            running[kind] = servers.enter_context((postgres if kind == "postgresql" else mariadb).running())
        url = running[kind].database()
        platform: Platform = PostgresPlatform(url) if kind == "postgresql" else MysqlPlatform(url)
        transplant(file, platform)
        return platform

    return made(out_of, folder / "ruche.db"), made(to, folder / "agora.db")


def _play(folder: Path, source: Platform, target: Platform) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "MIGRATOR_HOME": str(folder / "home"),
        "SOURCE_URL": source.url,
        "TARGET_URL": target.url,
        "STORE_URL": (folder / "store").as_uri(),
    }
    plan, base = str(ROOT / "samples/social/plan.yaml"), Base()
    print(f"| step | rows | wall s | CPU s | peak MiB | rows/s |{' ratio |' if _is_served(target) else ''}")
    print(f"| --- | ---: | ---: | ---: | ---: | ---: |{' ---: |' if _is_served(target) else ''}")

    def step(label: str, *arguments: str, over: float | None = None) -> dict[str, object]:
        measured, answer = measure(label, list(arguments), environment)
        ratio = f" {measured.wall / over:.1f} |" if over else " – |" if _is_served(target) else ""
        print(measured.line() + ratio, flush=True)
        return answer

    step("inspect", "inspect", environment["SOURCE_URL"])
    step("scope", "scope", plan)
    taken = step("snapshot", "snapshot", plan)
    if isinstance(target, PostgresPlatform):
        base = copied(target, folder, Path(str(taken["archive"]).removeprefix("file://")))
    step("archive check", "archive", "check", str(taken["archive"]))
    step("map check", "map", "check", plan)
    step("rehearse", "rehearse", plan, over=base.into)
    run = str(step("migrate", "migrate", plan, over=base.into)["run"])
    step("verify", "verify", run, over=base.out)
    step("verify --deep", "verify", run, "--deep", over=base.out)
    step("rollback", "rollback", run)
    print(f"\narchive: {taken['rows']:,} rows, {taken['bytes']:,} bytes")
    if base.out:
        print(f"COPY … (FORMAT binary) of the archive's rows: {base.out:.2f} s out, {base.into:.2f} s in")


def _is_served(platform: Platform) -> bool:
    return isinstance(platform, PostgresPlatform)


@dataclass(frozen=True, kw_only=True)
class Base:
    """What everything is measured against, in seconds: the archive's rows out of and into plain tables."""

    out: float | None = None
    into: float | None = None


def copied(platform: PostgresPlatform, folder: Path, archive: Path) -> Base:
    """`COPY … (FORMAT binary)` of the rows of every table of the archive: out of a table, into one with its key."""
    out = into = 0.0
    file = folder / "copy.bin"
    with adbc_driver_postgresql.dbapi.connect(platform.url) as arrow, platform.connect() as connection:
        connection.execute("CREATE SCHEMA bench")
        for parts in sorted((archive / "data/parquet").iterdir()):
            with arrow.cursor() as cursor:
                batches = pyarrow.dataset.dataset(parts).scanner().to_reader()
                cursor.adbc_ingest(parts.name, batches, mode="create", db_schema_name="bench")
            arrow.commit()
            name = f'bench."{parts.name}"'
            connection.execute(f"CREATE TABLE bench.twin (LIKE {name})".encode())
            if "id" in batches.schema.names:
                connection.execute("ALTER TABLE bench.twin ADD PRIMARY KEY (id)")
            started = time.monotonic()
            with file.open("wb") as sink, connection.cursor().copy(f"COPY {name} TO STDOUT (FORMAT binary)") as rows:
                for row in rows:
                    sink.write(row)
            out += time.monotonic() - started
            started = time.monotonic()
            with (
                file.open("rb") as feed,
                connection.cursor().copy("COPY bench.twin FROM STDIN (FORMAT binary)") as sent,
            ):
                while some := feed.read(1 << 20):
                    sent.write(some)
            into += time.monotonic() - started
            connection.execute("DROP TABLE bench.twin")
        connection.execute("DROP SCHEMA bench CASCADE")
    return Base(out=out, into=into)


if __name__ == "__main__":
    main()
