"""A large table in splits: ranges of its keys, of so many rows each, whose parts lie one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from storage.schema import Table

SPLIT_ROWS = 1 << 17
"""What a split has, or a multiple of it: drivers read by lists of fewer keys that end there, in the same order."""

_MOST = 16  # to each, all keys of the table are sorted once more


@dataclass(frozen=True, kw_only=True)
class Split:
    """So many rows of a table, from this place on in the order of its keys."""

    number: int
    first: int
    rows: int


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What one process copies at once: a table, or a split of it, its columns as who performs the run settled them."""

    table: str
    split: Split | None = None
    settled: Table | None = None


def splits_of(rows: int) -> tuple[Split, ...]:
    """The splits of a table of so many rows; none where it is not worth it."""
    if rows < 2 * SPLIT_ROWS:
        return ()
    each = SPLIT_ROWS * -(-rows // (SPLIT_ROWS * _MOST))
    firsts = range(0, rows, each)
    return tuple(Split(number=number, first=at, rows=min(each, rows - at)) for number, at in enumerate(firsts))
