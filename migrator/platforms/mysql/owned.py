"""The tables this software keeps in a database, by their names. Any other name, however alike, is somebody's data."""

from __future__ import annotations

from migrator.platforms.relational import journal

STAGE = "migrator_stage:"
MADE = "migrator_made:"
"""Tables with the rows of a table without a key as they will be, defaults included."""

RESTORED = "migrator_restore:"
"""Tables of an archive while they are rebuilt: all get their names at once, when they stand."""


def is_ours(name: str) -> bool:
    """Whether the table is one of ours: staging, half a restore, or what a load left behind to be taken back by."""
    return journal.is_ours(name) or name.startswith((STAGE, MADE, RESTORED))
