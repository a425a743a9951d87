"""Files of a load in the target's places: put there before the merge, compared like cells, taken back by a journal.

No file of anybody's is ever replaced: a name that stands already either has the same content, and is left alone, or
the load is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from migrator.contracts import Target
from migrator.engine.placing.back import FilesUndone, take_back
from migrator.engine.placing.due import due_files, expect_files, sources
from migrator.engine.placing.journal import FilesJournal, journals
from migrator.engine.placing.shelf import FilesCompared, compared, each, put, taken
from migrator.engine.prepare import Prepared
from migrator.outcomes import Progress, Tick, silent
from migrator.plan import FileRule
from storage.objects import ObjectStore
from storage.problem import Problem

__all__ = ["NO_FILES", "FilesCompared", "FilesUndone", "Placing"]


@dataclass(frozen=True, kw_only=True)
class Placing:
    """The places of one target's files. `target` is its address, redacted: several may share a place."""

    rules: tuple[FileRule, ...] = ()
    shelves: tuple[ObjectStore, ...] = ()  # by the number of their place
    places: tuple[int, ...] = ()  # of each rule
    target: str = ""

    @classmethod
    def of(cls, rules: tuple[FileRule, ...], opened: Callable[[str], ObjectStore], target: str) -> Placing:
        """Misuse where a base is no place that files can be put into."""
        bases = list(dict.fromkeys(rule.base for rule in rules))
        return cls(
            rules=rules,
            shelves=tuple(opened(base) for base in bases),
            places=tuple(bases.index(rule.base) for rule in rules),
            target=target,
        )

    # ── what should be there ────────────────────────────────────────────────────────────────────────────────
    def expect(self, prepared: Prepared) -> tuple[Problem, ...]:
        """Find out which files the prepared rows need, before anything else is asked; what is wrong with them."""
        return expect_files(prepared, self.rules, self.places) if self.rules else ()

    def taken(self, prepared: Prepared) -> tuple[Problem, ...]:
        """Names of theirs that other files have already."""
        return tuple(
            problem
            for place, shelf in enumerate(self.shelves)
            for problem in taken(shelf, due_files(prepared, f"place = {place}"))
        )

    # ── putting them there ──────────────────────────────────────────────────────────────────────────────────
    def place(self, prepared: Prepared, run: str, progress: Progress = silent) -> int:
        """Put every file there that is not; how many. The journal says so before the first. Red where one is taken."""
        return sum(
            self._fill(prepared, place, FilesJournal(store=shelf, run=run, target=self.target), progress)
            for place, shelf in enumerate(self.shelves)
        )

    def _fill(self, prepared: Prepared, place: int, journal: FilesJournal, progress: Progress) -> int:
        shelf, count = journal.store, 0
        absent = each(due_files(prepared, f"place = {place}"), lambda file: shelf.size(file.name) is None)
        journal.write(file for file, is_absent in absent if is_absent)
        for file, _ in each(journal.files(), lambda file: put(prepared.archive, shelf, file)):
            count += 1
            progress(Tick(step="put files", what=file.name, done=count))
        return count

    # ── comparing them ──────────────────────────────────────────────────────────────────────────────────────
    def compare(self, prepared: Prepared, progress: Progress = silent) -> Iterator[FilesCompared]:
        """Re-read every file that a loaded row names, and hash it."""
        for number, (rule, place) in enumerate(zip(self.rules, self.places, strict=True)):
            progress(Tick(step="verify files", what=rule.label))
            due = due_files(prepared, f"rule = {number}")
            yield compared(rule, sources(prepared, rule), self.shelves[place], due)

    # ── taking them back ────────────────────────────────────────────────────────────────────────────────────
    def take_back(self, run: str, target: Target) -> FilesUndone:
        """Remove what the run put there, but for files somebody changed since or rows still name; then its journals."""
        undone = FilesUndone()
        for place, shelf in enumerate(self.shelves):
            journal = FilesJournal(store=shelf, run=run, target=self.target)
            if journal.is_there:
                rules = [rule for rule, at in zip(self.rules, self.places, strict=True) if at == place]
                undone += take_back(journal, rules, target)
        return undone

    def journals(self) -> tuple[FilesJournal, ...]:
        """Those of this target that stand in its places."""
        return tuple(journal for shelf in self.shelves for journal in journals(shelf) if journal.target == self.target)


NO_FILES = Placing()
