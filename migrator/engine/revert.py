"""Taking a load back: its rows by the journal in the target, then its files by theirs; each once, whatever stops it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial

from migrator.contracts import Target, Undone
from migrator.engine.patience import patiently
from migrator.engine.placing import NO_FILES, FilesUndone, Placing
from migrator.outcomes import EVERY_STEP, Progress, Steps, silent
from storage.described import built
from storage.errors import Misuse

TAKING_BACK = "take back rows"
"""The step, and what a rollback's report calls the time it took, files included."""


@dataclass(frozen=True, kw_only=True)
class Reverted:
    """What became of rows and of files, whose notes stand among those of the rows, too."""

    undone: Undone
    files: FilesUndone | None


def revert(
    target: Target,
    run: str,
    *,
    by: str,
    whole: bool = False,
    only_files: bool = False,
    files: Placing = NO_FILES,
    steps: Steps = EVERY_STEP,
    progress: Progress = silent,
) -> Reverted:
    """Take the load of `run` back, in the name of the rollback `by`; `only_files` where its rows may never have come.

    Misuse if the target holds no such load.
    """

    def rows() -> Undone:
        try:
            # what was committed in this name is told when it is asked again, and not done twice
            return patiently(partial(target.undo, run, whole=whole, by=by), step="take back", progress=progress)
        except Misuse:
            if not only_files:
                raise
            return Undone(reversed=0, kept=0, failed=0)

    undone = built(Undone, steps.once(TAKING_BACK, lambda: asdict(rows())), "undone")
    patiently(partial(target.settle, by), step="take back", progress=progress)
    taken = _files(target, run, files, steps, is_known=not only_files) if files.rules else None
    notes = (*undone.notes, *(taken.notes if taken else ()))
    return Reverted(undone=replace(undone, notes=notes), files=taken)


def _files(target: Target, run: str, files: Placing, steps: Steps, *, is_known: bool) -> FilesUndone:
    def removed() -> FilesUndone:
        return files.remove(run, target, is_known=is_known, is_again=steps.attempt > 1)

    taken = built(FilesUndone, steps.once("take back files", lambda: asdict(removed())), "files")
    files.close(run)
    return taken
