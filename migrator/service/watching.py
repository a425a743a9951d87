"""One look for all who follow: what is under way now, and what changed since the last look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from migrator.runs.records import RunChange, RunRecord
from migrator.service.opening import Opening


@dataclass(frozen=True, kw_only=True)
class Look:
    """`number` is that of the newest change there is."""

    number: int
    runs: Mapping[str, RunRecord] = field(default_factory=dict)
    changes: tuple[RunChange, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Watching(Opening):
    """Runs that others perform, all at once."""

    def look(self, after: int | None = None) -> Look:
        """The runs that are under way or wait, and the states that runs came into after that change."""
        with self._catalog() as catalog:
            changes = catalog.changes(after=after) if after is not None else ()
            number = changes[-1].number if changes else catalog.newest_change() if after is None else after
            runs = {run.run_id: run for run in catalog.to_perform()}
        return Look(number=number, runs=runs, changes=changes)

    def newest_change(self) -> int:
        """The number to ask from later on for what came since now."""
        with self._catalog() as catalog:
            return catalog.newest_change()

    def changes(self, after: int) -> Look:
        """As `look`, without the runs."""
        with self._catalog() as catalog:
            changes = catalog.changes(after=after)
        return Look(number=changes[-1].number if changes else after, changes=changes)
