"""Whether numbers that are ids of tenants mean them, or are numbers like any other.

Where ids follow each other, almost any number is one. So the numbers beside those that were found are asked for, too:
if these are ids as well, it says nothing that a column holds some.
"""

from __future__ import annotations

LEAST = 1_000
"""What is smaller counts, puts in order, or says yes and no."""

BESIDE = (-3, -2, -1, 1, 2, 3)
_SHARE, _TIMES = 0.2, 4


def says_something(values: int, ids: int, crowded: float) -> bool:
    """Of so many different numbers so many are ids; `crowded` is the part of the numbers beside these that are.

    A fifth of the numbers at least, and four times as many as of those beside them.
    """
    return ids > 0 and ids >= values * max(_SHARE, _TIMES * crowded)
