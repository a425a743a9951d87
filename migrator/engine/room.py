"""How much memory a workbench gets, and how it builds its tables: both follow the widest of them, never the rows.

DuckDB builds a table in groups of rows, and holds a block for each column of a group, and of a table it scans. A
table of many columns is built in smaller groups; of very many, only more memory holds a block of each. Groups are no
smaller than they need be: what DuckDB knows of each stays in memory, and the narrow tables beside it have more of them.
It takes 2,048 rows at once, so rows of many middling texts, each too short to stand aside, need memory as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from migrator.engine.large import LONGEST, can_be_large
from storage.archive import ArchivedTable
from storage.types import arrow_type

_MEMORY_MB = 112
_GROUP_ROWS, _SMALLEST_GROUP_ROWS = 122_880, 2_048  # DuckDB's own, and its least
_WIDE, _VERY_WIDE = 96, 320  # columns
_GROUP_CELLS = 3 << 19
_COLUMN_KB = 288
_ROW_BYTES = 16 << 10  # of a row that the least memory takes
_ROWS_AT_ONCE = 2_048
_TIMES_AT_ONCE = 2.5  # such a batch is held: coming in, sorted, going out


@dataclass(frozen=True, kw_only=True)
class Room:
    """What DuckDB is told when it opens."""

    memory_mb: int
    group_rows: int

    @classmethod
    def of(cls, widest: int = 0, row_bytes: int = 0) -> Self:
        """For tables of at most so many columns, and rows of about so many bytes but for what stands aside."""
        columns_kb = max(0, widest - _VERY_WIDE) * _COLUMN_KB
        rows_kb = max(0, row_bytes - _ROW_BYTES) * _ROWS_AT_ONCE * _TIMES_AT_ONCE / 1000
        groups = _GROUP_CELLS // max(widest, 1) // _SMALLEST_GROUP_ROWS
        return cls(
            memory_mb=_MEMORY_MB + int(columns_kb + rows_kb) // 1000,
            group_rows=_GROUP_ROWS if widest <= _WIDE else max(1, groups) * _SMALLEST_GROUP_ROWS,
        )


def row_bytes(part: ArchivedTable) -> int:
    """About how many bytes a row of the table has in a workbench, where large values stand aside."""
    if not part.rows:
        return 0
    on_average = sum(one.bytes for one in part.csv) // part.rows
    can_stand_aside = sum(can_be_large(arrow_type(column.type)) for column in part.table.columns)
    return min(on_average, LONGEST * can_stand_aside)
