"""Files of a load in the target's places: put there before the merge, compared like cells, taken back by a journal.

No file of anybody's is ever replaced: a name that stands already either has the same content, and is left alone, or
the load is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

from migrator.contracts import RowNote, Target
from migrator.engine.placing.back import FilesUndone, goes_on, take_back
from migrator.engine.placing.due import due_files, expect_files, sources
from migrator.engine.placing.journal import FilesJournal, JournalledFile, journals
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
        bases = {rule.base: opened(rule.base) for rule in rules}
        shelves = {shelf.url: shelf for shelf in bases.values()}  # a plan may write one place in several ways
        places = tuple(list(shelves).index(bases[rule.base].url) for rule in rules)
        return cls(rules=rules, shelves=tuple(shelves.values()), places=places, target=target)

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
    def place(self, prepared: Prepared, run: str, target: Target, progress: Progress = silent) -> int:
        """Put every file there that is not; how many. The journal says so before the first. Red where one is taken.

        What an earlier attempt of the run put there stays, or is taken back where other files are due now.
        """
        journals = enumerate(self._of(run))
        return sum(self._fill(prepared, place, journal, target, progress) for place, journal in journals)

    def _fill(self, prepared: Prepared, place: int, journal: FilesJournal, target: Target, progress: Progress) -> int:
        shelf, count, of_place = journal.store, 0, f"place = {place}"
        if not goes_on(journal, due_files(prepared, of_place), target):
            if journal.is_there:
                take_back(journal, self._rules(place), target)
            looked_at = each(due_files(prepared, of_place), lambda file: shelf.size(file.name) is None)
            journal.write(JournalledFile(**asdict(file), is_put=is_absent) for file, is_absent in looked_at)
        absent = (file for file in journal.files() if file.is_put)
        for file, _ in each(absent, lambda file: put(prepared.archive, shelf, file)):
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
        undone = self.remove(run, target)
        self.close(run)
        return undone

    def remove(self, run: str, target: Target, *, is_known: bool = False, is_again: bool = False) -> FilesUndone:
        """The same, and the journals stay: whoever is stopped can go on, and `is_again` at it.

        Where the run `is_known` to have put files there, a place without its journal is noted.
        """
        undone = FilesUndone()
        for place, journal in enumerate(self._of(run)):
            if is_known and not journal.is_there:
                undone += FilesUndone(notes=(_unknown(journal, self._rules(place)),))
            if journal.is_there:
                undone += take_back(journal, self._rules(place), target, is_again=is_again)
        return undone

    def close(self, run: str) -> None:
        """Nothing of the run is to be taken back any more."""
        for journal in self._of(run):
            journal.close()

    def _rules(self, place: int) -> list[FileRule]:
        return [rule for rule, at in zip(self.rules, self.places, strict=True) if at == place]

    def accept(self, run: str) -> int:
        """The run's files are there for good: nothing takes them back any more. How many journals went."""
        journals = [journal for journal in self._of(run) if journal.is_there]
        for journal in journals:
            journal.close()
        return len(journals)

    def knows(self, run: str) -> bool:
        """Whether a place holds a journal of the run, and that it put files there for this target's rows."""
        return any(journal.is_its_own for journal in self._of(run))

    def journals(self) -> tuple[FilesJournal, ...]:
        """Those of this target that stand in its places."""
        return tuple(journal for shelf in self.shelves for journal in journals(shelf) if journal.is_of(self.target))

    def _of(self, run: str) -> Iterator[FilesJournal]:
        """The run's journal in each place, whether it is there or not."""
        return (FilesJournal(store=shelf, run=run, target=self.target) for shelf in self.shelves)


def _unknown(journal: FilesJournal, rules: Sequence[FileRule]) -> RowNote:
    return RowNote(
        table=rules[0].label,
        key={"place": journal.store.url},
        why="nothing is written there of this load, so its files stay, wherever they are: if the plan's variables lead"
        " to another place now, set them as they were, and give the same command again",
    )


NO_FILES = Placing()
