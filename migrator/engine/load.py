"""stage → verify → merge → compare → commit → verify. A rehearsal is the same code that ends in a rollback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from typing import TypeVar

from migrator.contracts import NO_TRIGGERS, Digest, Identity, Marker, RowNote, Staging, Target, Triggers
from migrator.engine.laps import Laps
from migrator.engine.merged import PASSED, Counted, Merged, merge_rows, of_marker
from migrator.engine.patience import patiently
from migrator.engine.placing import NO_FILES, FilesCompared, Placing
from migrator.engine.prepare import Prepared
from migrator.engine.staged import stage, staged_before
from migrator.engine.untouched import changed, files_left
from migrator.engine.verify import first, verify, verify_with
from migrator.outcomes import (
    EVERY_STEP,
    UNSHARED,
    Equation,
    Progress,
    Shares,
    Steps,
    StepTiming,
    Verdict,
    Verification,
    silent,
)
from storage import moment
from storage.described import built
from storage.errors import Fault, MigratorError, Misuse, Red, may_be_resumed
from storage.problem import Problem

CHECKING, STAGING, MERGING = "check the mapping", "stage and verify staging", "merge, locks held"
UNDOING, DIGEST_AGAIN, GIVEN_UP = "undo what was merged", "compare the digest afterwards", "given up for others"
AFTERWARDS = (UNDOING, DIGEST_AGAIN, GIVEN_UP)
"""Steps that a rehearsal takes and a migration does not, and what a quiet night would spare both."""

Done = TypeVar("Done")


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a load or a rehearsal did. `digest_after` of a rehearsal is of the target after its rollback."""

    committed: bool
    equations: tuple[Equation, ...]
    verification: Verification
    digest_before: Digest
    digest_loaded: Digest
    digest_after: Digest
    lock_seconds: float
    timings: tuple[StepTiming, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return Verdict.of(self.verification.verdict is Verdict.GREEN and not self.problems)


def load(
    prepared: Prepared,
    target: Target,
    identity: Identity,
    *,
    rehearse: bool,
    whole: bool = False,
    max_lock_seconds: int | None = None,
    triggers: Triggers = NO_TRIGGERS,
    files: Placing = NO_FILES,
    patience_s: float = 0,
    steps: Steps = EVERY_STEP,
    shares: Shares = UNSHARED,
    progress: Progress = silent,
) -> Loaded:
    """Load the prepared rows and their files, or rehearse it; what `steps` say is done stays done.

    Through `shares` others stage tables of what is prepared.

    Nothing is committed unless staging, merge and ledger agree, and locks are held for `max_lock_seconds` at most: Red.
    After the commit a verification that finds differences does not raise: it is the red answer of a load that stands.
    Of a load that `stands`, `prepared` has to hold what it decided. A server may go on for a while with what an attempt
    asked that was killed: that is waited for, `patience_s` seconds.
    """
    return _Loading(
        prepared=prepared,
        target=target,
        identity=identity,
        rehearse=rehearse,
        whole=whole,
        max_lock_seconds=max_lock_seconds,
        triggers=triggers,
        files=files,
        patience_s=patience_s,
        steps=steps,
        shares=shares,
        progress=progress,
    ).run()


def stands(target: Target, run: str) -> Marker | None:
    """What the target says of the run's load, if it holds it."""
    return next((marker for marker in target.markers() if marker.run == run), None)


@dataclass(kw_only=True)
class _Loading:
    """A load under way."""

    prepared: Prepared
    target: Target
    identity: Identity
    rehearse: bool
    whole: bool
    max_lock_seconds: int | None
    triggers: Triggers
    files: Placing
    patience_s: float
    steps: Steps
    shares: Shares
    progress: Progress
    laps: Laps = field(default_factory=Laps)
    committing: bool = False
    placed: tuple[FilesCompared, ...] | None = None
    left: Sequence[RowNote] = ()  # files that a rehearsal put there and did not take back

    def run(self) -> Loaded:
        with ExitStack() as stack:
            staging = self._staging(stack)
            given = self.steps.once("merge", lambda: asdict(self._to_the_commit(staging)))
        self._require_standing()
        merged = built(Merged, given, "merge")
        laps, verification = Laps(), merged.verification
        if verification is None:
            verification = self._verified()
            laps.lap("verify what was committed", verification.compared)
        after = merged.digest_after or merged.digest_loaded
        return Loaded(
            committed=not self.rehearse,
            equations=merged.equations,
            verification=replace(verification, checks=(*verification.checks, *PASSED)),
            digest_before=merged.digest_before,
            digest_loaded=merged.digest_loaded,
            digest_after=after,
            lock_seconds=merged.lock_seconds,
            timings=(*merged.timings, *laps.timings),
            problems=tuple(self._left_of_a_rehearsal(merged, after)),
        )

    def _left_of_a_rehearsal(self, merged: Merged, after: Digest) -> Iterator[Problem]:
        if self.rehearse:
            yield from changed(merged.digest_before, after)
            yield from files_left(merged.left)

    def _staging(self, stack: ExitStack) -> Staging:
        return patiently(
            lambda: stack.enter_context(self.target.staging(self.identity.run, keep=self._is_resumable)),
            step="open staging",
            patience_s=self.patience_s,
            progress=self.progress,
        )

    def _require_standing(self) -> None:
        """Misuse where somebody took the load back before it was resumed: what was verified is there no more."""
        if self.rehearse or self.steps.attempt == 1:
            return
        marker = stands(self.target, self.identity.run)
        if marker is None or marker.taken_back_by:
            rest = f"migrator rollback {self.identity.run} for the rows that it left, then " if marker else ""
            raise Misuse(
                "the load was committed, and taken back since",
                where=self.identity.run,
                next=f"{rest}give the command again to load it once more",
            )

    @property
    def _is_resumable(self) -> bool:
        return self.steps is not EVERY_STEP

    def _to_the_commit(self, staging: Staging) -> Merged:
        if not self.rehearse and self.steps.attempt > 1 and (marker := stands(self.target, self.identity.run)):
            return self._of(marker)
        staged = stage(self.prepared, staging, steps=self.steps, shares=self.shares, progress=self.progress)
        self.laps.took(STAGING, staged.seconds, staged.rows)
        with self._in_their_places() as files, self._told_of_an_earlier_commit():
            merged = self._again_after_others(lambda: self._merged(staged.rows, files))
        if self.rehearse:
            after = self._again_after_others(self._digest_after_undoing)
            merged = replace(merged, digest_after=after, left=tuple(self.left))
        return replace(merged, timings=self.laps.timings)

    @contextmanager
    def _told_of_an_earlier_commit(self) -> Iterator[None]:
        """A server may have been at the commit of an attempt that was killed when it was asked for one."""
        try:
            yield
        except Misuse as error:
            if self.steps.attempt == 1 or stands(self.target, self.identity.run) is None:
                raise
            raise Fault(
                "the commit of an earlier attempt was made meanwhile",
                where=self.identity.run,
                next="resume the run once more: it goes on behind that commit",
            ) from error

    def _of(self, marker: Marker) -> Merged:
        """An earlier attempt was stopped between the commit and its record."""
        staged = staged_before(self.prepared, self.steps)
        self.laps.took(STAGING, staged.seconds, staged.rows)
        merged = of_marker(self.prepared, marker)
        self.laps.took(MERGING, merged.lock_seconds, staged.rows)
        return replace(merged, timings=self.laps.timings)

    def _verified(self) -> Verification:
        files = self.placed
        if files is None:
            files = tuple(self.files.compare(self.prepared, self.progress))
        return verify(self.prepared, self.target, files=files, steps=self.steps, progress=self.progress)

    @contextmanager
    def _in_their_places(self) -> Iterator[tuple[FilesCompared, ...]]:
        """The files of the rows stand there, compared; they go again unless the rows are committed, or will be."""
        try:
            count = self.files.place(self.prepared, self.identity.run, self.target, self.progress)
            self.placed = tuple(self.files.compare(self.prepared, self.progress))
            _require_right(self.placed)
            if self.placed:
                self.laps.lap("put files and read them again", count)
            yield self.placed
        except BaseException as error:
            is_perhaps_committed = self.committing and not isinstance(error, Red)
            if not is_perhaps_committed and not (self._is_resumable and may_be_resumed(error)):
                with suppress(MigratorError):  # the first error is the one to tell, and the next load sweeps
                    self.files.take_back(self.identity.run, self.target)
            raise
        if self.rehearse:
            self.left = self.files.take_back(self.identity.run, self.target).notes

    def _again_after_others(self, attempt: Callable[[], Done]) -> Done:
        """A deadlock or a lock held for too long costs an attempt, not the run; never once the commit has begun."""
        attempts = count()

        def timed() -> Done:
            if next(attempts):
                self.laps.lap(GIVEN_UP)
            return attempt()

        return patiently(timed, step="merge", may_repeat=lambda: not self.committing, progress=self.progress)

    def _merged(self, rows: int, files: Sequence[FilesCompared]) -> Merged:
        merging = self.target.merging(self.identity.run, max_seconds=self.max_lock_seconds, triggers=self.triggers)
        with merging as merge:
            counted = merge_rows(self.prepared, merge, whole=self.whole, progress=self.progress)
            if not self.rehearse:
                self.committing = True
                merge.commit(_marker(self.identity, self.prepared, counted, self.laps.so_far, whole=self.whole))
                return counted.merged(self.laps.lap(MERGING, rows))
            seconds = self.laps.lap(MERGING, rows)
            found = verify_with(self.prepared, merge.scan, files=files, progress=self.progress)
            self.laps.lap("verify what would be committed, locks held", found.compared)
        self.laps.lap(UNDOING)
        return replace(counted.merged(seconds), verification=found)

    def _digest_after_undoing(self) -> Digest:
        with self.target.merging(self.identity.run) as untouched:
            after = untouched.digest(self.prepared.tables, whole=self.whole)
        self.laps.lap(DIGEST_AGAIN)
        return after


def _require_right(files: Sequence[FilesCompared]) -> None:
    wrong = [difference for one in files for difference in one.differences]
    if wrong:
        raise Red(
            f"{sum(one.different for one in files)} file(s) are not what was put there: {first(wrong)}",
            where=wrong[0].place,
            next="somebody else writes there, or the place does not keep what it takes; nothing was loaded",
        )


def _marker(identity: Identity, prepared: Prepared, counted: Counted, seconds: float, *, whole: bool) -> Marker:
    return Marker(
        **asdict(identity),
        loaded_at=moment.now(),
        tables=prepared.tables,
        digest_touched=counted.digest_touched,
        digest_whole=counted.digest_before if whole else None,
        tally=counted.tally(seconds),
    )
