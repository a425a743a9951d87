"""kill -9 of a server, and its start a moment later, or so much later that nobody thinks of a moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.kills.scene import Scene
from tests.kills.sides import SIDES
from tests.kills.strike import COMMANDS_OF, At, Strike, side
from tests.kills.watched import Watched

_DOWN_S, _AWAY_S = 0.4, 6.0
_FAULT = frozenset({1})


def _down(role: str) -> At:
    @contextmanager
    def at(scene: Scene, _watched: Watched) -> Iterator[None]:
        server = side(scene, role).server
        assert server
        server.kill()
        try:
            yield
        finally:
            server.restart()

    return at


def _strikes(name: str, seconds: float) -> dict[str, Strike]:
    return {
        role: Strike(
            name=name.format(role),
            at=_down(role),
            codes=_FAULT,
            commands=COMMANDS_OF[role],
            lasts=seconds,
            fits=lambda scene, role=role: side(scene, role).server is not None,  # type: ignore[misc]
        )
        for role in SIDES
    }


SERVER_KILLED = _strikes("kill -9 of the server of the {}", _DOWN_S)
SERVER_AWAY = _strikes("the server of the {} away for a while", _AWAY_S)
