"""How much memory a workbench gets, and how it builds its tables: both follow the widest of them, never the rows.

DuckDB builds a table in groups of rows, and holds a block for each column of a group, and of a table it scans. A
table of many columns is built in smaller groups; of very many, only more memory holds a block of each. Groups are no
smaller than they need be: what DuckDB knows of each stays in memory, and the narrow tables beside it have more of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

_MEMORY_MB = 112
_GROUP_ROWS, _SMALLEST_GROUP_ROWS = 122_880, 2_048  # DuckDB's own, and its least
_WIDE, _VERY_WIDE = 96, 320  # columns
_GROUP_CELLS = 3 << 19
_COLUMN_KB = 288


@dataclass(frozen=True, kw_only=True)
class Room:
    """What DuckDB is told when it opens."""

    memory_mb: int
    group_rows: int

    @classmethod
    def of(cls, widest: int) -> Self:
        """For tables of at most so many columns."""
        beyond = max(0, widest - _VERY_WIDE)
        groups = _GROUP_CELLS // max(widest, 1) // _SMALLEST_GROUP_ROWS
        return cls(
            memory_mb=_MEMORY_MB + beyond * _COLUMN_KB // 1000,
            group_rows=_GROUP_ROWS if widest <= _WIDE else max(1, groups) * _SMALLEST_GROUP_ROWS,
        )
