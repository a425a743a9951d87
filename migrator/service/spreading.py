"""Steps of a run offered to workers that have nothing to perform, where they share its catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from migrator.contracts import ReadLimits, Target
from migrator.engine.placing import Placing
from migrator.outcomes import UNSHARED, Json, Shares
from migrator.runs.catalog import Catalog
from migrator.runs.records import RunRecord
from migrator.runs.request import SnapshotRequest
from migrator.runs.shares import Shares as Shelf
from migrator.service.opening import Opening
from storage.errors import MigratorError


@dataclass(frozen=True, kw_only=True)
class _Offered:
    """See migrator.outcomes.Shares: those of one attempt, for `most` helpers at once."""

    shelf: Shelf
    run_id: str
    attempt: int
    most: int
    names: set[str] = field(default_factory=set)  # offered, and not known to be for us

    @property
    def helpers(self) -> int:
        return self.most

    def offer(self, sizes: Mapping[str, int], handed: Mapping[str, Json]) -> None:
        self.shelf.offer(self.run_id, self.attempt, sizes, handed, most=self.most)
        self.names.update(sizes)

    def take(self, name: str) -> bool:
        if name in self.names and not self.shelf.keep(self.run_id, self.attempt, name):
            return False
        self.names.discard(name)
        return True

    def is_done(self, name: str) -> bool:
        return name in self.names and self.shelf.is_done(self.run_id, self.attempt, name)

    def withdraw(self) -> None:
        self.names.clear()
        self.shelf.withdraw(self.run_id, self.attempt)


@dataclass(frozen=True, kw_only=True)
class Spreading(Opening):
    """Who performs a run, and lets others help."""

    @contextmanager
    def _shared(
        self, catalog: Catalog, run: RunRecord, request: SnapshotRequest, limits: ReadLimits
    ) -> Iterator[tuple[Shares, ReadLimits]]:
        """What of the run others may do, and how the source is read here meanwhile.

        All who read keep to the plan's connections together; to its rows per second, only one who reads alone can.
        """
        is_plain = request.mask is None and request.subject is None and limits.rows_per_second is None
        if not (self.settings.is_shared and is_plain and limits.max_connections > 1):
            yield UNSHARED, limits
            return
        shelf = self._shares_shelf(catalog, run)
        most = min(shelf.idle(), limits.max_connections - 1)
        if not most:
            yield UNSHARED, limits
            return
        offered = _offered(shelf, run, most)
        try:
            yield offered, replace(limits, max_connections=limits.max_connections - most)
        finally:
            with suppress(MigratorError):  # of a run that is not performed any more nobody takes a share
                offered.withdraw()

    def _shares_shelf(self, catalog: Catalog, run: RunRecord) -> Shelf:
        """Where shares are offered; nothing that an earlier attempt offered lies there."""
        shelf = catalog.shares(self.settings.silence_s)
        if run.attempt > 1:
            shelf.withdraw(run.run_id, run.attempt)
        return shelf

    def _shared_load(self, catalog: Catalog, run: RunRecord, target: Target, files: Placing) -> Shares:
        """What of a load others may do: stage tables, where the platform lets several."""
        if not self.settings.is_shared or not target.capabilities.stages_together or files.rules:
            return UNSHARED
        shelf = self._shares_shelf(catalog, run)
        most = shelf.idle()
        return _offered(shelf, run, most) if most else UNSHARED


def _offered(shelf: Shelf, run: RunRecord, most: int) -> _Offered:
    return _Offered(shelf=shelf, run_id=run.run_id, attempt=run.attempt, most=most)
