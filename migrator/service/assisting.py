"""A worker that has nothing to perform helps with what another performs: it does shares of it, and no more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import inf

from migrator.engine.helping import help_snapshot
from migrator.engine.splits import Piece
from migrator.engine.spread import Handed
from migrator.runs.catalog import Catalog
from migrator.runs.liveness.helper import Helper
from migrator.runs.liveness.worker_log import WorkerLog
from migrator.runs.request import SnapshotRequest
from migrator.runs.shares import Share, Shares
from migrator.service.opening import Opening
from storage.described import built
from storage.errors import MigratorError
from storage.system import fault_of

_ANNOUNCE_S = 2.0  # a worker may be asked for help for longer than that after it said so


@dataclass(kw_only=True)
class Idle:
    """A worker between two runs; `left` are runs that it cannot help with."""

    shares: Shares
    worker: str
    left: set[str] = field(default_factory=set)
    announced_at: float = -inf

    def announce(self) -> None:
        """Say every now and then that it could help."""
        if time.monotonic() - self.announced_at > _ANNOUNCE_S:
            self.shares.announce(self.worker)
            self.announced_at = time.monotonic()


@dataclass(frozen=True, kw_only=True)
class Assisting(Opening):
    """What a worker does for the runs of others."""

    def _idle(self, catalog: Catalog, worker: str) -> Idle | None:
        """None where the catalog is of this machine alone."""
        if not self.settings.is_shared:
            return None
        return Idle(shares=catalog.shares(self.settings.silence_s), worker=worker)

    def _assisted(self, catalog: Catalog, idle: Idle, log: WorkerLog) -> bool:
        """Whether there was anything to do for others; else they know that they can ask."""
        share = idle.shares.next(idle.worker, but=idle.left)
        if share is None:
            idle.announce()
            return False
        try:
            with Helper(idle.shares, share, idle.worker) as helper:
                self._help(catalog, share, helper, log)
        except (MigratorError, OSError) as error:
            idle.left.add(share.run_id)
            log.stopped(share.run_id, error if isinstance(error, MigratorError) else fault_of(error))
        return True

    def _help(self, catalog: Catalog, share: Share, helper: Helper, log: WorkerLog) -> None:
        request = catalog.request(share.run_id)
        assert isinstance(request, SnapshotRequest)
        plan = self._plan(request.plan)
        source = plan.needs_source()
        help_snapshot(
            self.sources(source.url, replace(source.limits, max_connections=1)),
            plan,
            self._store(plan),
            _handed(share),
            run=share.run_id,
            attempt=share.attempt,
            pieces=_told(helper, log),
            required=helper.require,
        )


def _told(helper: Helper, log: WorkerLog) -> Iterator[Piece]:
    for share in helper.shares():
        log.tell(share.run_id, f"helps: copies {share.name}")
        yield _handed(share).piece


def _handed(share: Share) -> Handed:
    return built(Handed, share.handed, "what is handed over")
