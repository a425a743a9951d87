"""The samples' move behind a server that nobody has an account of yet."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from samples.social.generate import generate
from tests.acceptance.performers import PATIENCE_S
from tests.acceptance.world import ROOT, World

PLAN = (ROOT / "samples/social/plan.yaml").read_text(encoding="utf-8")
_ROWS = 200


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Where the server is, and the way in for its first admin."""

    world: World
    address: str
    first_link: str

    def platforms(self) -> dict[str, str]:
        """By the names that the plan knows them by."""
        return {name: url for name, url in self.world.environment.items() if name.endswith("_URL")}


@contextmanager
def serving(folder: Path) -> Iterator[Serving]:
    """The server with one worker, beside Ruche and Agora."""
    world = _world(folder)
    with world.start("serve", "--port", 0) as process:
        try:
            address, link = _said(process, r"serving at (\S+)"), _said(process, r"(http\S+/welcome/\S+)")
            reader = threading.Thread(target=lambda: list(process.stderr or ()))  # a full pipe would stop it
            reader.start()
            yield Serving(world=world, address=address, first_link=link)
            process.terminate()
            process.wait(PATIENCE_S)
            reader.join()
        finally:
            process.kill()


def _world(folder: Path) -> World:
    world = World.at(folder, source="ruche.db", target="agora.db")
    generate(folder, rows=_ROWS)
    for database in (world.source, world.target):
        (folder / database.name).rename(database)
    return world


def _said(process: subprocess.Popen[str], pattern: str) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError(f"it ended, and did not say {pattern}")
