"""The tables of a snapshot, some of them copied by other workers meanwhile, in the same point in time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from migrator.contracts import Fence
from migrator.engine.halfway import Halfway
from migrator.outcomes import Progress, Shares, Tick
from storage.schema import Table

WORTH_ROWS = 50_000
"""A table of fewer is copied in less time than it takes another process to find out which rows are to leave."""

_LOOK_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What a helper needs to know: where the archive is begun, and how its point in time is joined."""

    archive: str
    handle: str


class Spread:
    """What is copied elsewhere, and when it is taken over here; `helped` are the tables that others copied."""

    def __init__(self, shares: Shares, halfway: Halfway, progress: Progress) -> None:
        self._shares = shares
        self._halfway = halfway
        self._progress = progress
        self.helped: list[str] = []

    def offer(self, tables: Sequence[Table], rows: Mapping[str, int], fence: Fence) -> None:
        """Let others copy what is worth it, if there is enough to share and their point in time can be this one."""
        sizes = {table.name: rows[table.name] for table in tables if self._is_worth_it(table, rows[table.name])}
        if len(sizes) > 1 and fence.handle is not None:
            handed = Handed(archive=self._halfway.identity.archive_id, handle=fence.handle)
            self._shares.offer(sizes, asdict(handed))

    def _is_worth_it(self, table: Table, rows: int) -> bool:
        return rows >= WORTH_ROWS and not table.is_view and self._halfway.stood(table.name) is None

    def in_turn(self, tables: Sequence[Table]) -> Iterator[Table]:
        """Each table when it is to come into the archive: what others copy, when it stands, or when they failed."""
        left = list(tables)
        while left:
            before = len(left)
            for table in tuple(left):
                if self._is_due(table):
                    left.remove(table)
                    yield table
            if len(left) == before:
                named = ", ".join(table.name for table in left)
                self._progress(Tick(step="wait for other workers, which copy", what=named))
                time.sleep(_LOOK_S)

    def _is_due(self, table: Table) -> bool:
        if not self._shares.is_done(table.name):
            return self._shares.take(table.name)
        self._halfway.look(table.name)
        self.helped.append(table.name)
        return True
