"""A table of a snapshot on its way in splits: some are copied here, some elsewhere, and together they are the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrator.engine.halfway import Halfway
from migrator.engine.splits import Piece, Split
from migrator.engine.table_copy import TableCopy
from migrator.outcomes import Shares
from storage.begun import can_stand
from storage.errors import Recast
from storage.package import TablePart
from storage.schema import Table
from storage.tables import TablesWriter


class Divided:
    """Its columns are settled once, before any of its rows is copied; `helped` are the splits that others copied.

    What an earlier attempt or its helpers copied of it is not copied again. Where a value needs a column held
    otherwise, nothing stays of the splits, and the table is copied whole.
    """

    def __init__(
        self, copy: TableCopy, writer: TablesWriter, halfway: Halfway, declared: Table, splits: Sequence[Split]
    ) -> None:
        self._copy = copy
        self._writer = writer
        self._halfway = halfway
        self._splits = splits
        self._settled, self._losses = copy.settled(declared)
        self._parts = self._kept()
        self._left = {
            f"{declared.name} {split.number + 1}/{len(splits)}": split
            for split in splits
            if split.first not in self._parts
        }
        self._is_whole = False
        self.helped: list[str] = []

    def _kept(self) -> dict[int, TablePart]:
        """What stands of it; nothing where that is not what is planned now."""
        kept = self._listed()
        planned = {split.first: split.rows for split in self._splits}
        if all(planned.get(first) == part.rows for first, part in kept.items()):
            return kept
        self._writer.discard(self._settled.name)
        return {}

    def _listed(self) -> dict[int, TablePart]:
        return {one.first: one.part for one in self._halfway.splits if one.part.table == self._settled}

    @property
    def can_be_shared(self) -> bool:
        """Whether its parts will say all of it."""
        return can_stand(self._settled)

    @property
    def pieces(self) -> Mapping[str, Piece]:
        """What is left of it, by the names of the shares."""
        table = self._settled
        return {name: Piece(table=table.name, split=split, settled=table) for name, split in self._left.items()}

    def is_through(self, shares: Shares) -> bool:
        """Whether nobody is at it any more, once all was copied here that is to be copied here."""
        for name, split in tuple(self._left.items()):
            if shares.is_done(name):
                self.helped.append(name)
            elif shares.take(name):
                self._copy_here(split)
            else:
                continue
            del self._left[name]
        return not self._left

    def _copy_here(self, split: Split) -> None:
        if self._is_whole:
            return
        try:
            part = self._copy.split(self._writer, self._settled, split)
        except Recast:
            self._is_whole = True
        else:
            self._parts[split.first] = part
            self._halfway.split(split.first, part)

    def join(self) -> None:
        """Have the table stand, as if an earlier attempt had left it; or nothing of it."""
        parts = self._listed() | self._parts
        if self._is_whole or any(not _is_it(parts.get(split.first), split) for split in self._splits):
            self.helped.clear()
            self._writer.discard(self._settled.name)
        else:
            self._halfway.stands(self._writer.joined([parts[split.first] for split in self._splits]), self._losses)


def _is_it(part: TablePart | None, split: Split) -> bool:
    return part is not None and part.rows == split.rows
