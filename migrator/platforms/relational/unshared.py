"""What a platform answers that lets nobody join a view: it dies with the connection that took it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from migrator.contracts import Fence, Held, Reading
from storage.errors import FenceLost


class Unshared:
    """The part of `migrator.contracts.Source` about views of others, for platforms that have none."""

    def join(self, fence: Fence) -> AbstractContextManager[Reading]:
        raise _nobody_joins(fence)

    def hold(self, fence: Fence) -> AbstractContextManager[Held]:
        raise _nobody_joins(fence)

    def release(self, fence: Fence) -> None:
        """Nobody holds one."""


def _nobody_joins(fence: Fence) -> FenceLost:
    return FenceLost(
        "this platform lets nobody join a point in time that another process took",
        where=fence.kind,
        next="take another snapshot: it reads everything at a point in time of its own",
    )
