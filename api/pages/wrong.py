"""Why a text is not taken, as pages show it."""

from __future__ import annotations

from dataclasses import dataclass

from storage.errors import MigratorError

_AROUND = 3  # lines shown before and after the one that is wrong


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """Why a text is not taken; `lines` are numbers and texts around the one it stands in, none where nobody knows."""

    what: str
    next: str
    line: int | None = None
    lines: tuple[tuple[int, str], ...] = ()

    @classmethod
    def of(cls, error: MigratorError, text: str) -> Wrong:
        told = error.where.rpartition(":")[2]
        every = text.splitlines()
        if not told.isdecimal() or not 0 < int(told) <= len(every):
            return cls(what=error.what, next=error.next)
        line = int(told)
        first = max(line - 1 - _AROUND, 0)
        shown = enumerate(every[first : line + _AROUND], start=first + 1)
        return cls(what=error.what, next=error.next, line=line, lines=tuple(shown))
