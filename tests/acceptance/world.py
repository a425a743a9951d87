"""One migration's surroundings in a folder, and the command line to act on them, as a person or a program would."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from migrator.cli.app import run

ROOT = Path(__file__).parents[2]
WAIVED = ("--waive", "this test needs a load, not a rehearsal")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command left: its exit code and both streams."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout; an error where there is anything else, or anything more."""
        found = json.loads(self.stdout)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True, kw_only=True)
class World:
    """`source` and `target` lie in folders of their own, so that whatever appears beside them is noticed."""

    folder: Path
    source: Path
    target: Path
    source_url: str = ""  # where the platforms are servers, not files
    target_url: str = ""
    is_gated: bool = False  # whether a migration needs its rehearsal; else it is let through by a waiver

    @classmethod
    def at(cls, folder: Path, *, source: str, target: str) -> World:
        made = cls(folder=folder, source=folder / "source" / source, target=folder / "target" / target)
        for path in (made.source, made.target):
            path.parent.mkdir(parents=True, exist_ok=True)
        return made

    def copied(self, folder: Path) -> World:
        """The same world elsewhere; a run of the original is not a run of the copy, an archive is."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("home", "runs"))
        return World.at(folder, source=self.source.name, target=self.target.name)

    def between(self, source_url: str, target_url: str, folder: Path) -> World:
        """The same plan in another folder, between other platforms."""
        shutil.copy(self.plan, folder)
        return replace(self, folder=folder, source_url=source_url, target_url=target_url)

    @property
    def plan(self) -> Path:
        return self.folder / "plan.yaml"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SOURCE_URL": self.source_url or f"sqlite:///{self.source}",
            "TARGET_URL": self.target_url or f"sqlite:///{self.target}",
            "STORE_URL": self.store.as_uri(),
            "MIGRATOR_HOME": str(self.home),
        }

    def platform(self, name: str) -> str:
        """How a command is told the platform that the plan knows by this name."""
        return self.environment[name]

    # ── acting ──────────────────────────────────────────────────────────────────────────────────────────────
    def migrator(self, *arguments: object) -> Answer:
        """Run a command in this process, which is much quicker than starting one."""
        stdout, stderr = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
        with patch.dict(os.environ, self.environment), redirect_stdout(stdout), redirect_stderr(stderr):
            code = run(self._said(arguments))
        stdout.flush()
        return Answer(code=code, stdout=stdout.buffer.getvalue().decode(), stderr=stderr.getvalue())

    def json(self, *arguments: object, code: int = 0) -> dict[str, Any]:
        """The object a command answers with; it must end with this exit code."""
        answer = self.migrator(*arguments, "--json")
        assert answer.code == code, answer
        return answer.json

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Run a command as a process of its own, for signals."""
        program = [sys.executable, "-c", "from migrator.cli import main; main()", *self._said(arguments)]
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            program, env=environment, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def _said(self, arguments: Sequence[object]) -> list[str]:
        said = [str(argument) for argument in arguments]
        return [*said, *WAIVED] if said[:1] == ["migrate"] and not self.is_gated else said

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────
    def archives(self) -> list[Path]:
        """Every archive a reader sees: a prefix with its last object."""
        return sorted(path.parent for path in self.store.glob("*/tagmanifest-sha256.txt"))

    def runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json("runs", "list")["runs"]
        return found

    def state(self) -> dict[str, str]:
        """The hash of every file of source, target and store, by path: equal means nothing was touched.

        What the store keeps of runs is told apart: each adds its own.
        """
        folders = (self.source.parent, self.target.parent, self.store)
        every = (path for folder in folders for path in folder.rglob("*") if path.is_file())
        files = sorted(path for path in every if not self._is_of_runs(path))
        return {str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def _is_of_runs(self, path: Path) -> bool:
        """What the store keeps of runs, or is about to, be it after their end."""
        return path.is_relative_to(self.store / "runs") or path.match(f"{self.store / '.unfinished'}/runs.*")

    def beside_target(self) -> set[str]:
        """What lies in the target's folder and is not the target."""
        return {path.name for path in self.target.parent.iterdir()} - {self.target.name}


def dump(database: Path) -> list[str]:
    """Everything a SQLite file holds, as SQL: what a person would compare."""
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


@contextmanager
def changing(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection for a person's own change, committed at the end; foreign keys hold, as in any product."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection
        connection.commit()
