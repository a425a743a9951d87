"""What may befall a command, and what it may answer then."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tests.kills.moments import COMMANDS, MIGRATE, REHEARSE, ROLLBACK, SNAPSHOT, VERIFY
from tests.kills.scene import Scene
from tests.kills.sides import CATALOG, SOURCE, STORE, TARGET, Side
from tests.kills.watched import Watched

COMMANDS_OF = {
    SOURCE: frozenset({SNAPSHOT}),
    TARGET: frozenset({REHEARSE, MIGRATE, VERIFY, ROLLBACK}),
    STORE: frozenset({SNAPSHOT, REHEARSE, MIGRATE, VERIFY}),
    CATALOG: frozenset(COMMANDS),
}
"""Which commands speak to which side."""

At = Callable[[Scene, Watched], AbstractContextManager[None]]


def _everywhere(_scene: Scene) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Strike:
    """`at` is entered at the moment, and left when the cause is gone: after `lasts` seconds, or when the command ended.

    `codes` are what an honest command may end with besides 0: 0 always means that everything is as if undisturbed.
    """

    name: str
    at: At
    codes: frozenset[int] = frozenset()
    commands: frozenset[str] = frozenset(COMMANDS)
    lasts: float = math.inf
    by_workers: bool = False  # the run is left to workers, and followed: that is the command then
    leaves_sessions: bool = False  # what comes next meets those of the struck command
    fits: Callable[[Scene], bool] = field(default=_everywhere)

    def can(self, scene: Scene, command: str) -> bool:
        return command in self.commands and self.fits(scene)


def side(scene: Scene, role: str) -> Side:
    found = {SOURCE: scene.source, TARGET: scene.target, STORE: scene.store, CATALOG: scene.catalog}[role]
    assert isinstance(found, Side)
    return found
