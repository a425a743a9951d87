"""What stands in a cell: a number, or a text that stays one and says what of it Excel has no room for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from migrator.reports.visible import readable


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A value somebody must look at."""

    value: str | int


Cell: TypeAlias = str | int | float | Alarm
Row: TypeAlias = Sequence[Cell]


@dataclass(frozen=True, kw_only=True)
class Walls:
    """Where a sheet and a cell end: rows of a sheet, UTF-16 code units of a text."""

    rows: int
    characters: int


EXCEL = Walls(rows=1_048_576, characters=32_767)

MOST_DIGITS = 15
"""More digits than these Excel replaces by zeros."""

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def as_written(value: str | int | float, walls: Walls) -> str | int | float:
    """The value as the file holds it: unseen characters are spelled out, numbers Excel would round are text."""
    if isinstance(value, str):
        return _fitting(readable(value), walls.characters)
    is_exact = isinstance(value, float) or len(str(abs(value))) <= MOST_DIGITS
    return value if is_exact else str(value)


def looks_like_a_formula(text: str) -> bool:
    """Whether a spreadsheet would compute this text once somebody edits its cell, or saves it as CSV."""
    return text.startswith(_FORMULA_SIGNS)


def _fitting(text: str, limit: int) -> str:
    # spreadsheets read _x0041_ in a file as A: an underscore written out keeps such a text as it is
    written = _ESCAPE.sub("_x005F_", text)
    units = written.encode("utf-16-le")
    if len(units) <= 2 * limit:
        return written
    note = f"… (cut: it has {len(text):,} characters)"
    return units[: 2 * (limit - len(note))].decode("utf-16-le", "ignore") + note
