"""No more room: for the files of the command, for those of a server, in a folder."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.kills.disk import Disk
from tests.kills.scene import Scene
from tests.kills.sides import CATALOG, SOURCE, STORE, TARGET
from tests.kills.strike import COMMANDS_OF, At, Strike, side
from tests.kills.watched import Watched
from tests.servers.process import Restartable

_FAULT = frozenset({1})


def _no_file_grows(pid: int) -> None:
    """The kernel refuses the process every byte beyond a file's first."""
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]))


@contextmanager
def _quota(_scene: Scene, watched: Watched) -> Iterator[None]:
    _no_file_grows(watched.process.pid)
    yield


def _full(disk: Callable[[Scene], Disk]) -> At:
    @contextmanager
    def at(scene: Scene, watched: Watched) -> Iterator[None]:
        found = disk(scene)
        if found.is_own:
            with found.full():
                yield
        else:
            _no_file_grows(watched.process.pid)
            yield

    return at


def _of_the_server(role: str) -> At:
    """The server writes no more, and ends or not as it thinks right; whoever mends it starts it anew."""

    @contextmanager
    def at(scene: Scene, _watched: Watched) -> Iterator[None]:
        server = side(scene, role).server
        assert isinstance(server, Restartable)
        server.run_out_of_disk()
        yield
        server.kill()
        server.restart()

    return at


def _served(role: str) -> Callable[[Scene], bool]:
    return lambda scene: isinstance(side(scene, role).server, Restartable)


QUOTA = Strike(name="a used up quota of the command", at=_quota, codes=_FAULT)
SCRATCH_FULL = Strike(name="a full disk for temporary files", at=_full(lambda scene: scene.scratch), codes=_FAULT)
STORE_FULL = Strike(
    name="a full disk of the store",
    at=_full(lambda scene: scene.shelf),
    codes=_FAULT,
    commands=COMMANDS_OF[SOURCE],
    fits=lambda scene: side(scene, STORE).server is None,
)
TARGET_FULL = Strike(
    name="a full disk of the target's file",
    at=_full(lambda scene: scene.beside),
    codes=_FAULT,
    commands=COMMANDS_OF[TARGET],
    fits=lambda scene: side(scene, TARGET).server is None,
)
SERVER_FULL = {
    role: Strike(
        name=f"a full disk of the {role}'s server",
        at=_of_the_server(role),
        codes=_FAULT,
        commands=COMMANDS_OF[role],
        lasts=1.0,
        fits=_served(role),
    )
    for role in (SOURCE, TARGET, CATALOG)
}
