"""One command of migrator as a process of its own, and what it cost: wall and CPU time, memory, the servers' share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
Seconds = Callable[[], float]


def _none() -> float:
    return 0.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a command answered with, and its cost."""

    answer: dict[str, Any]
    wall: float  # seconds
    cpu: float  # seconds of the command, user and system
    served: float  # seconds of the servers it spoke to
    peak: float  # MiB, resident

    @property
    def rows(self) -> int:
        """How many rows the command says it handled."""
        for key in ("rows", "compared", "reversed"):
            if isinstance(found := self.answer.get(key), int):
                return found
        tables = self.answer.get("tables")
        return sum(int(table.get("rows", 0)) for table in tables) if isinstance(tables, list) else 0


class CommandError(Exception):
    """A command that did not end with 0; the message holds its answer."""


def measure(*arguments: object, environment: Mapping[str, str], served: Seconds = _none) -> Measured:
    """Run a command with --json and wait for it; `served` says how much CPU time the servers have used so far."""
    with tempfile.TemporaryDirectory(prefix="migrator-watched-") as folder, tempfile.TemporaryFile() as out:
        peak = Path(folder) / "peak"
        words = [str(argument) for argument in arguments]
        program = [sys.executable, "-m", "tests.benchmarks.watched", str(peak), *words, "--json"]
        started, served_before = time.monotonic(), served()
        process = subprocess.Popen(
            program, cwd=ROOT, env={**os.environ, **environment}, stdout=out, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        out.seek(0)
        answer = json.loads(out.read() or b"{}")
        if process.returncode:
            raise CommandError(f"migrator {' '.join(words)} ended with {process.returncode}: {answer}")
        return Measured(
            answer=answer,
            wall=wall,
            cpu=usage.ru_utime + usage.ru_stime,
            served=served() - served_before,
            peak=int(peak.read_text()) / 1024,
        )
