"""The characters a character set has, as ranges of code points."""

from __future__ import annotations


def ranges(characters: str) -> tuple[tuple[int, int], ...]:
    """The characters of this text, as the fewest ranges that hold them all, in order."""
    found: list[tuple[int, int]] = []
    for code in sorted(set(map(ord, characters))):
        if found and found[-1][1] == code - 1:
            found[-1] = (found[-1][0], code)
        else:
            found.append((code, code))
    return tuple(found)
