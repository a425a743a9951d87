"""Workers on a PostgreSQL catalog, and commands that they help, each a process that a test may stop where it wants."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.acceptance.world import ROOT, World
from tests.waiting import comes

_BUSY_S, MISSED_S = 60, 3


@dataclass(frozen=True, kw_only=True)
class Workers:
    """The world they work in, and their catalog."""

    world: World
    catalog: str

    @property
    def released(self) -> Path:
        return self.world.folder / "released"

    @contextmanager
    def halted(
        self, tables: str, *arguments: object, home: Path | None = None, silence_s: int = _BUSY_S
    ) -> Iterator[subprocess.Popen[str]]:
        """A command or a worker's process that stops at these tables until `released` is there; killed at the end.

        It misses whoever is silent for so long; a worker that misses a busy command would end it.
        """
        command = [sys.executable, "-m", "tests.acceptance.halted", tables, *map(str, arguments)]
        silence = {"MIGRATOR_SILENCE": str(silence_s)}
        said = {"HALTED_UNTIL": str(self.released), "PYTHONPATH": str(ROOT), **silence}
        environment = {**os.environ, **self.world.environment, **said}
        if home is not None:
            environment["MIGRATOR_HOME"] = str(home)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with (
            (self.world.folder / "log").open("a") as log,
            subprocess.Popen(command, env=environment, cwd=ROOT, stderr=log, **pipes) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.catalog, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def idle(self, count: int) -> None:
        """Wait until so many workers have nothing to perform."""
        comes(lambda: len(self.asked("SELECT 1 FROM pg_tables WHERE tablename = 'idle_workers'")) == 1)
        comes(lambda: self.asked("SELECT count(*) FROM idle_workers")[0][0] >= count)

    def said(self, words: str) -> bool:
        return words in " ".join((self.world.folder / "log").read_text().split())

    def states(self) -> dict[str, str]:
        return dict(self.asked("SELECT name, state FROM shares"))
