"""A worker that has nothing to perform helps with what another performs: it does shares of it, and no more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import inf
from typing import TypeVar

from mappings.load import load_mapping
from migrator.engine.decisions import as_decided
from migrator.engine.helping import help_snapshot
from migrator.engine.prepare import room_for
from migrator.engine.spread import Handed
from migrator.engine.staged import HandedTable
from migrator.engine.stagehand import help_load
from migrator.engine.workbench import workbench
from migrator.runs.catalog import Catalog
from migrator.runs.liveness.helper import Helper
from migrator.runs.liveness.worker_log import WorkerLog
from migrator.runs.request import LoadRequest, SnapshotRequest
from migrator.runs.shares import Share, Shares
from migrator.service.records import Records
from storage.described import built
from storage.errors import MigratorError, Misuse
from storage.system import fault_of

_ANNOUNCE_S = 2.0  # a worker may be asked for help for longer than that after it said so

_Value = TypeVar("_Value")


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
class Assisting(Records):
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
        request, record = catalog.request(share.run_id), catalog.run(share.run_id)
        log.about(record.run_id, record.tenant)
        serving = self._serving(record)
        match request:
            case SnapshotRequest():
                serving._help_snapshot(request, share, helper, log)
            case LoadRequest():
                helper.postpone()
                serving._help_load(catalog, request, share, helper, log)

    def _help_load(self, catalog: Catalog, request: LoadRequest, share: Share, helper: Helper, log: WorkerLog) -> None:
        plan = self.read_plan(request.plan)
        archive, mapping = self.archive(request.archive), load_mapping(request.mapping.text, file=request.mapping.file)
        target = self.targets(plan.needs_target().url)
        decisions = self._brought(catalog, catalog.run(share.run_id)).decisions
        log.tell(share.run_id, "helps: prepares the load")
        with workbench(room=room_for(archive, mapping)) as bench:
            help_load(
                as_decided(bench, archive, mapping, target.describe(), decisions),
                target,
                run=share.run_id,
                tables=_told(HandedTable, helper, log, "stages"),
                required=helper.require,
            )

    def _help_snapshot(self, request: SnapshotRequest, share: Share, helper: Helper, log: WorkerLog) -> None:
        plan = self.read_plan(request.plan)
        source = plan.needs_source()
        help_snapshot(
            self.sources(source.url, replace(source.limits, max_connections=1)),
            plan,
            self._store(plan),
            _handed(Handed, share),
            run=share.run_id,
            attempt=share.attempt,
            pieces=(handed.piece for handed in _told(Handed, helper, log, "copies")),
            required=helper.require,
        )


def _told(kind: type[_Value], helper: Helper, log: WorkerLog, doing: str) -> Iterator[_Value]:
    """What each share hands over, as it comes."""
    for share in helper.shares():
        log.tell(share.run_id, f"helps: {doing} {share.name}")
        yield _handed(kind, share)


def _handed(kind: type[_Value], share: Share) -> _Value:
    try:
        return built(kind, share.handed, "what is handed over")
    except ValueError as error:  # another version's worker performs the run
        raise Misuse(str(error), where=share.run_id, next="update this worker; the others go on alone") from error
