"""The process that holds a point in time of a source beyond the life of the run that took it."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Self

from migrator.contracts import Fence
from storage.errors import Fault
from storage.system import fault_of

_PATIENCE_S = 60
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class KeeperProcess:
    """See migrator.engine.keeping.Keeper."""

    fence: Fence
    process: int
    answers: IO[bytes] = field(repr=False)  # ends when the process does

    @classmethod
    def start(cls, url: str, minutes: int, fence: Fence) -> Self:
        """Have it hold this fence, and for so many minutes more when nobody reads in it. Fault where it cannot."""
        asked = {"url": url, "minutes": minutes, "fence": asdict(fence), "folder": str(Path.cwd())}
        try:
            answers = _started(asked)
        except OSError as error:
            raise fault_of(error) from error
        readable, _, _ = select.select([answers], [], [], _PATIENCE_S)
        line = answers.readline() if readable else b""
        if not line:
            answers.close()
            raise Fault(
                "no process could be had that holds the source's point in time",
                where=f"{fence.kind} {fence.token}",
                next="the run goes on; should it be stopped, it begins anew",
            )
        said = json.loads(line)
        return cls(fence=replace(fence, handle=said["handle"]), process=said["process"], answers=answers)

    def is_gone(self, seconds: float) -> bool:
        readable, _, _ = select.select([self.answers], [], [], seconds)
        return bool(readable)

    def close(self) -> None:
        """Look after it no more; it goes on by itself."""
        self.answers.close()


def _started(asked: dict[str, object]) -> IO[bytes]:
    """What the process answers. It is no child of ours, of no terminal, and finds its program where ours is."""
    starter = subprocess.Popen(
        [sys.executable, "-m", "migrator.cli.keeper"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        start_new_session=True,
    )
    assert starter.stdin and starter.stdout
    with starter.stdin as questions:
        questions.write(json.dumps(asked).encode())
    starter.wait()
    return starter.stdout
