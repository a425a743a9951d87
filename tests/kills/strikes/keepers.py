"""The process that holds a snapshot's point in time dies, alone or with the command."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.kills.moments import SNAPSHOT
from tests.kills.scene import Scene
from tests.kills.strike import At, Strike
from tests.kills.watched import Watched
from tests.servers.postgres import Postgres

_BYTES_PER_SECOND = 60_000  # a snapshot that is done within seconds has no keeper
_STARTS_S = 20


def _keepers(scene: Scene) -> list[int]:
    """Of this scene's runs: others may have theirs on this machine."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_keeper = b"migrator.cli.keeper" in (process / "cmdline").read_bytes()
            if is_keeper and os.fsencode(scene.world.home) in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def _killed(*, with_command: bool) -> At:
    @contextmanager
    def at(scene: Scene, watched: Watched) -> Iterator[None]:
        network, deadline = scene.source.network, time.monotonic() + _STARTS_S
        assert network
        with network.slowed(_BYTES_PER_SECOND):
            while not (keepers := _keepers(scene)) and time.monotonic() < deadline and watched.process.poll() is None:
                time.sleep(0.02)
            for process in keepers:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            if with_command:
                watched.process.kill()
            yield

    return at


def _strike(name: str, at: At, codes: frozenset[int] = frozenset()) -> Strike:
    return Strike(
        name=name,
        at=at,
        codes=codes,
        commands=frozenset({SNAPSHOT}),
        fits=lambda scene: isinstance(scene.source.server, Postgres),
    )


KEEPER_KILLED = _strike("kill -9 of the keeper", _killed(with_command=False))
BOTH_KILLED = _strike("kill -9 of the keeper and the command", _killed(with_command=True), frozenset({-signal.SIGKILL}))
