"""One way in which a value may not fit a target column: as a condition, and as what a person is told."""

from __future__ import annotations

from dataclasses import dataclass

WIDEN = "correct it with a step, leave its row out with where or reject, or widen the target column"


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """`failed` is the condition over a value that is not NULL; a note where it stays what it is all the same."""

    failed: str
    what: str
    next: str = WIDEN
    is_note: bool = False
