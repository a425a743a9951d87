"""Accepting a load for good: the journals of its rows go, then those of its files; each once, whatever stops it."""

from __future__ import annotations

from dataclasses import asdict, replace

from migrator.contracts import Closed, Target
from migrator.engine.placing import NO_FILES, Placing
from migrator.outcomes import EVERY_STEP, Steps
from storage.described import built

ACCEPTING = "accept rows"


def accept(target: Target, run: str, *, by: str, files: Placing = NO_FILES, steps: Steps = EVERY_STEP) -> Closed:
    """What left the target, and the places of its files, by the closing of that run. Misuse without such a load."""
    closed = built(Closed, steps.once(ACCEPTING, lambda: asdict(target.close(run, by=by))), "closed")
    of_files = steps.once("accept files", lambda: files.accept(run)) if files.rules else 0
    return replace(closed, journals=closed.journals + of_files)
