"""What a rehearsal left of itself, though it is to leave nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrator.contracts import Digest, RowNote
from migrator.outcomes import said_key
from storage.problem import Problem


def changed(before: Digest, after: Digest) -> Iterator[Problem]:
    """The target is not as it was."""
    if before != after:
        yield Problem(
            where="target",
            what=f"the target is not as it was before the rehearsal: {before} then {after}",
            next="somebody else wrote to it meanwhile, or its rollback is not one: find out before the real night",
        )


def files_left(notes: Sequence[RowNote]) -> Iterator[Problem]:
    """Files that it put into their places are there still."""
    for why, label in dict.fromkeys((note.why, note.table) for note in notes):
        names = [said_key(note.key) for note in notes if (note.why, note.table) == (why, label)]
        yield Problem(
            where=label,
            what=f"the rehearsal put a file there and did not take it back: {why}",
            count=len(names),
            examples=tuple(names[:10]),
            next="find out who uses it; a migration leaves a file of the same content as it stands",
        )
