"""Times every step of the social story as its own process: rows, bytes, wall and CPU time, peak memory.

    python tests/benchmarks/story.py --rows 100000

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
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


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
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="migrator-bench-") as name:
        folder = Path(name)
        started = time.monotonic()
        runpy.run_path(str(ROOT / "samples/social/generate.py"))["generate"](folder, rows=rows)
        print(f"{rows:,} rows asked for; generated in {time.monotonic() - started:.1f} s;", end=" ")
        print(f"source {(folder / 'ruche.db').stat().st_size / 2**20:.0f} MiB\n")
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "MIGRATOR_HOME": str(folder / "home"),
            "SOURCE_URL": f"sqlite:///{folder / 'ruche.db'}",
            "TARGET_URL": f"sqlite:///{folder / 'agora.db'}",
            "STORE_URL": (folder / "store").as_uri(),
        }
        plan = str(ROOT / "samples/social/plan.yaml")
        print("| step | rows | wall s | CPU s | peak MiB | rows/s |\n| --- | ---: | ---: | ---: | ---: | ---: |")

        def step(label: str, *arguments: str) -> dict[str, object]:
            measured, answer = measure(label, list(arguments), environment)
            print(measured.line(), flush=True)
            return answer

        step("inspect", "inspect", environment["SOURCE_URL"])
        step("scope", "scope", plan)
        taken = step("snapshot", "snapshot", plan)
        step("archive check", "archive", "check", str(taken["archive"]))
        step("map check", "map", "check", plan)
        step("rehearse", "rehearse", plan)
        run = str(step("migrate", "migrate", plan)["run"])
        step("verify", "verify", run)
        step("verify --deep", "verify", run, "--deep")
        step("rollback", "rollback", run)
        print(f"\narchive: {taken['rows']:,} rows, {taken['bytes']:,} bytes")


if __name__ == "__main__":
    main()
