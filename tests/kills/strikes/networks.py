"""The network between the command and a server breaks, stands still, is slow, or ends without a word."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from tests.kills.proxy import Proxy
from tests.kills.scene import Scene
from tests.kills.sides import SIDES
from tests.kills.strike import COMMANDS_OF, At, Strike, side
from tests.kills.watched import Watched
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres

_BREAK_S, _STILL_S = 0.3, 1.5
_BYTES_PER_SECOND = 400_000


def _on(role: str, change: Callable[[Proxy], AbstractContextManager[None]]) -> At:
    @contextmanager
    def at(scene: Scene, _watched: Watched) -> Iterator[None]:
        network = side(scene, role).network
        assert network
        with change(network):
            yield

    return at


def _slowed(network: Proxy) -> AbstractContextManager[None]:
    return network.slowed(_BYTES_PER_SECOND)


def _strikes(name: str, change: Callable[[Proxy], AbstractContextManager[None]], **more: object) -> dict[str, Strike]:
    return {
        role: Strike(
            name=f"{name} network of the {role}",
            at=_on(role, change),
            commands=COMMANDS_OF[role],
            fits=lambda scene, role=role: side(scene, role).network is not None,  # type: ignore[misc]
            **more,  # type: ignore[arg-type]
        )
        for role in SIDES
    }


def _silenced_for_good(role: str) -> At:
    """Whoever gives the command again reaches the server another way, where the old sessions still stand."""

    @contextmanager
    def at(scene: Scene, watched: Watched) -> Iterator[None]:
        with _on(role, Proxy.silenced)(scene, watched):
            watched.process.kill()
            yield

    return at


def _has_sessions(role: str) -> Callable[[Scene], bool]:
    """A bucket's server has no sessions."""
    return lambda scene: isinstance(side(scene, role).server, Postgres | Mariadb)


NETWORK_CUT = _strikes("cut", Proxy.cut, codes=frozenset({1}), lasts=_BREAK_S)
NETWORK_STALLED = _strikes("stalled", Proxy.stalled, lasts=_STILL_S)
NETWORK_SLOWED = _strikes("slowed", _slowed)
NETWORK_SILENT = {
    role: replace(strike, fits=_has_sessions(role))
    for role, strike in _strikes("silent", Proxy.silenced, codes=frozenset({1}), leaves_sessions=True).items()
}
NETWORK_GONE = {
    role: replace(
        strike,
        name=f"silent network of the {role}, and kill -9 of the command",
        at=_silenced_for_good(role),
        codes=frozenset({-signal.SIGKILL}),
    )
    for role, strike in NETWORK_SILENT.items()
}
