"""The tables of a snapshot, some of them copied by other workers meanwhile, in the same point in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from migrator.contracts import Fence
from migrator.engine.divided import Divided
from migrator.engine.halfway import Halfway
from migrator.engine.splits import Piece, splits_of
from migrator.engine.table_copy import TableCopy
from migrator.engine.turns import WORTH_ROWS, in_turn
from migrator.outcomes import Progress, Shares, Tick, as_read_again
from storage.schema import Table
from storage.tables import TablesWriter


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What a helper needs to know: where the archive is begun, how its point in time is joined, and what is asked."""

    archive: str
    handle: str
    piece: Piece


class Spread:
    """What is copied elsewhere, and when it is taken over here; `helped` are the pieces that others copied."""

    def __init__(
        self, shares: Shares, halfway: Halfway, copy: TableCopy, writer: TablesWriter, progress: Progress
    ) -> None:
        self._shares = shares
        self._halfway = halfway
        self._copy = copy
        self._writer = writer
        self._progress = progress
        self._handle: str | None = None  # how helpers join, where there are any
        self._divided: dict[str, Divided] = {}
        self.helped: list[str] = []

    # ── what others may do ──────────────────────────────────────────────────────────────────────────────────
    def offer(self, tables: Sequence[Table], rows: Mapping[str, int], fence: Fence) -> None:
        """Let others copy what is worth it, if there is enough to share and their point in time can be this one."""
        self._handle = fence.handle if self._shares.helpers else None
        begun = self._halfway.halved
        worth = [table for table in tables if self._is_worth_it(table, rows[table.name])]
        large = [
            table
            for table in worth
            if (self._handle or table.name in begun) and self._is_large(table, rows[table.name], tables)
        ]
        if len(worth) > 1 or large:
            self._hand_over({table.name: Piece(table=table.name) for table in worth if table not in large}, rows)
        for table in large:
            self._divide(table, rows[table.name])
        for name in begun - self._divided.keys():
            self._writer.discard(name)

    def _is_worth_it(self, table: Table, rows: int) -> bool:
        return rows >= WORTH_ROWS and not table.is_view and self._halfway.stood(table.name) is None

    def _is_large(self, table: Table, rows: int, tables: Sequence[Table]) -> bool:
        """Whether it is shared in splits; none is called as a table is, so that no two shares are called alike."""
        is_like_another = any(other.name.startswith(f"{table.name} ") for other in tables)
        return bool(splits_of(rows)) and self._copy.is_divisible(table) and not is_like_another

    def _divide(self, table: Table, rows: int) -> None:
        """Settle its columns, then have it copied in splits; a table whose parts do not say all of it stays whole."""
        self._progress(Tick(step="settle the columns of", what=table.name))
        divided = Divided(self._copy, self._writer, self._halfway, table, splits_of(rows))
        if divided.can_be_shared:
            self._divided[table.name] = divided
            sizes = {name: piece.split.rows for name, piece in divided.pieces.items() if piece.split}
            self._hand_over(divided.pieces, sizes)

    def _hand_over(self, pieces: Mapping[str, Piece], sizes: Mapping[str, int]) -> None:
        if pieces and self._handle is not None:
            place = Handed(archive=self._halfway.identity.archive_id, handle=self._handle, piece=Piece(table=""))
            handed = {name: asdict(replace(place, piece=piece)) for name, piece in pieces.items()}
            self._shares.offer({name: sizes[name] for name in pieces}, as_read_again(handed))

    # ── what is done here ───────────────────────────────────────────────────────────────────────────────────
    def in_turn(self, tables: Sequence[Table]) -> Iterator[Table]:
        """Each table when it is to come into the archive: what others copy, when it stands, or when they failed."""
        return in_turn(tables, self._is_due, doing="copy", progress=self._progress)

    def _is_due(self, table: Table) -> bool:
        if (divided := self._divided.get(table.name)) is not None:
            return self._is_together(divided)
        if not self._shares.is_done(table.name):
            return self._shares.take(table.name)
        self._halfway.look(table.name)
        self.helped.append(table.name)
        return True

    def _is_together(self, divided: Divided) -> bool:
        if not divided.is_through(self._shares):
            return False
        divided.join()
        self.helped += divided.helped
        return True
