"""stage → verify → merge → compare → commit → verify. A rehearsal is the same code that ends in a rollback."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

from migrator.contracts import NO_TRIGGERS, Digest, Marker, Merge, RowNote, Staged, Staging, Target, Triggers
from migrator.engine.compare import Compared
from migrator.engine.held import typed
from migrator.engine.laps import Laps
from migrator.engine.ledger import equations
from migrator.engine.placing import NO_FILES, FilesCompared, Placing
from migrator.engine.prepare import Prepared
from migrator.engine.verify import first, verify, verify_staging, verify_with
from migrator.outcomes import Check, Equation, Progress, StepTiming, Tick, Verdict, Verification, said_key, silent
from storage import moment
from storage.errors import MigratorError, Red, TransientFault
from storage.problem import Problem

CHECKING = "check the mapping"
MERGING = "merge, locks held"
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


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who loads what: the marker's words."""

    run: str
    plan: str
    tenant: str
    archive: str
    seal: str


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
    progress: Progress = silent,
) -> Loaded:
    """Load the prepared rows and their files, or rehearse it.

    Nothing is committed unless staging, merge and ledger agree, and locks are held for `max_lock_seconds` at most: Red.
    After the commit a verification that finds differences does not raise: it is the red answer of a load that stands.
    """
    loading = _Loading(
        prepared=prepared,
        target=target,
        identity=identity,
        rehearse=rehearse,
        whole=whole,
        max_lock_seconds=max_lock_seconds,
        triggers=triggers,
        files=files,
        progress=progress,
    )
    with target.staging(identity.run) as staging:
        return loading.run(staging)


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
    progress: Progress
    laps: Laps = field(default_factory=Laps)
    committing: bool = False
    left: Sequence[RowNote] = ()  # files that a rehearsal put there and did not take back

    def run(self, staging: Staging) -> Loaded:
        rows = _stage(self.prepared, staging, self.progress)
        self.laps.lap("stage and verify staging", rows)
        with self._placed() as files:
            merged = self._again_after_others(lambda: self._merged(rows, files))
        outcome, verification = merged.outcome, merged.verification
        after = outcome.digest_loaded
        if verification is not None:
            after = self._again_after_others(self._digest_after_undoing)
        else:
            verification = verify(self.prepared, self.target, files=files, progress=self.progress)
            self.laps.lap("verify what was committed", verification.compared)
        return Loaded(
            committed=not self.rehearse,
            equations=outcome.equations,
            verification=replace(verification, checks=(*verification.checks, *outcome.checks)),
            digest_before=outcome.digest_before,
            digest_loaded=outcome.digest_loaded,
            digest_after=after,
            lock_seconds=merged.lock_seconds,
            timings=self.laps.timings,
            problems=(*_rehearsal_problems(self.rehearse, outcome.digest_before, after), *_left_problems(self.left)),
        )

    @contextmanager
    def _placed(self) -> Iterator[tuple[FilesCompared, ...]]:
        """The files of the rows stand in their places, compared; they go again unless the rows are committed."""
        try:
            count = self.files.place(self.prepared, self.identity.run, self.progress)
            files = tuple(self.files.compare(self.prepared, self.progress))
            _require_right(files)
            if files:
                self.laps.lap("put files and read them again", count)
            yield files
        except BaseException:
            if not self.committing:
                with suppress(MigratorError):  # the first error is the one to tell, and the next load sweeps
                    self.files.take_back(self.identity.run, self.target)
            raise
        if self.rehearse:
            self.left = self.files.take_back(self.identity.run, self.target).notes

    def _again_after_others(self, attempt: Callable[[], Done]) -> Done:
        """A deadlock or a lock held for too long costs an attempt, not the run; never once the commit has begun."""
        for pause in _PAUSES:
            try:
                return attempt()
            except TransientFault as error:
                if self.committing:
                    raise
                self.progress(Tick(step="merge again", what=error.what))
                time.sleep(pause)
                self.laps.lap(GIVEN_UP)
        return attempt()

    def _merged(self, rows: int, files: Sequence[FilesCompared]) -> _Merged:
        merging = self.target.merging(self.identity.run, max_seconds=self.max_lock_seconds, triggers=self.triggers)
        with merging as merge:
            outcome = _merge(self.prepared, merge, whole=self.whole, progress=self.progress)
            if not self.rehearse:
                self.committing = True
                merge.commit(_marker(self.identity, self.prepared, outcome, whole=self.whole))
                return _Merged(outcome=outcome, lock_seconds=self.laps.lap(MERGING, rows))
            seconds = self.laps.lap(MERGING, rows)
            found = verify_with(self.prepared, merge.scan, files=files, progress=self.progress)
            self.laps.lap("verify what would be committed, locks held", found.compared)
        self.laps.lap(UNDOING)
        return _Merged(outcome=outcome, lock_seconds=seconds, verification=found)

    def _digest_after_undoing(self) -> Digest:
        with self.target.merging(self.identity.run) as untouched:
            after = untouched.digest(self.prepared.tables, whole=self.whole)
        self.laps.lap(DIGEST_AGAIN)
        return after


def _stage(prepared: Prepared, staging: Staging, progress: Progress) -> int:
    total = 0
    for staged in prepared.tables:
        query = prepared.rows(staged, to_stage=True)
        expected = int(prepared.workbench.one(f"SELECT count(*) FROM ({query})"))
        progress(Tick(step="stage", what=staged.table.name, done=0, total=expected))
        types = [staged.table.column(name).type for name in staged.columns]
        count = staging.stage(staged, (typed(batch, types) for batch in prepared.workbench.batches(query)))
        progress(Tick(step="stage", what=staged.table.name, done=count, total=expected))
        _require_equal("staging", staged, verify_staging(prepared, staged, staging.scan))
        total += count
    return total


def _require_equal(place: str, staged: Staged, compared: Compared) -> None:
    if compared.comparison.different:
        raise Red(
            f"{compared.comparison.different} row(s) in {place} are not what the mapping says:"
            f" {first(compared.differences)}",
            where=staged.table.name,
            next="the target changes these values when it stores them: add a cast to the mapping; nothing was loaded",
            problems=(
                Problem(
                    where=staged.table.name,
                    what=f"the target stores other values than the mapping gives ({place})",
                    count=compared.comparison.different,
                    examples=tuple(first([d]) for d in compared.differences[:10]),
                ),
            ),
        )


def _require_right(files: Sequence[FilesCompared]) -> None:
    wrong = [difference for one in files for difference in one.differences]
    if wrong:
        raise Red(
            f"{sum(one.different for one in files)} file(s) are not what was put there: {first(wrong)}",
            where=wrong[0].place,
            next="somebody else writes there, or the place does not keep what it takes; nothing was loaded",
        )


_PAUSES = (0.5, 2.0)
"""Seconds before the merge is tried once more."""

_PASSED = (
    Check(name="live rows equal staging by key, inside the transaction", passed=True),
    Check(name="every reference of a loaded row leads to a row, inside the transaction", passed=True),
    Check(name="an ordinary INSERT finds a free key in every table with keys of its own", passed=True),
    Check(name="every archived row is explained: the ledger's equations have no remainder", passed=True),
)
"""What `_merge` has made sure of when it returns: each is raised as Red otherwise."""


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    equations: tuple[Equation, ...]
    digest_before: Digest
    digest_touched: Digest  # the same where the digest is not of whole tables
    digest_loaded: Digest
    checks: tuple[Check, ...]


@dataclass(frozen=True, kw_only=True)
class _Merged:
    """`verification` is that of a rehearsal, made before its rollback."""

    outcome: _Outcome
    lock_seconds: float
    verification: Verification | None = None


def _merge(prepared: Prepared, merge: Merge, *, whole: bool, progress: Progress) -> _Outcome:
    progress(Tick(step="merge"))
    merge.lock(prepared.tables)
    touched = merge.digest(prepared.tables, whole=False)
    before = merge.digest(prepared.tables, whole=True) if whole else touched
    counts = merge.merge(prepared.tables)
    notes = [note for staged in prepared.tables for note in merge.compare(staged)]
    _require_none(notes, merge.check(prepared.tables))
    found = equations(prepared, counts)
    unexplained = [equation for equation in found if equation.unexplained]
    if unexplained:
        worst = unexplained[0]
        raise Red(
            f"{worst.unexplained} row(s) are unexplained: {worst}",
            where=f"{worst.source} → {worst.target}",
            next="nothing was committed; report this with the mapping",
        )
    return _Outcome(
        equations=found,
        digest_before=before,
        digest_touched=touched,
        digest_loaded=merge.digest(prepared.tables, whole=whole),
        checks=_PASSED,
    )


def _require_none(notes: Sequence[RowNote], problems: Sequence[str]) -> None:
    if notes:
        raise Red(
            f"{len(notes)} live row(s) are not what was staged; first: {notes[0].why}",
            where=f"{notes[0].table} {said_key(notes[0].key)}",
            next="something in the target changes rows as they are written; nothing was committed",
        )
    if problems:
        raise Red(problems[0], where="target", next="mend the mapping; nothing was committed")


def _marker(identity: Identity, prepared: Prepared, outcome: _Outcome, *, whole: bool) -> Marker:
    return Marker(
        run=identity.run,
        plan=identity.plan,
        tenant=identity.tenant,
        archive=identity.archive,
        seal=identity.seal,
        loaded_at=moment.now(),
        tables=prepared.tables,
        digest_touched=outcome.digest_touched,
        digest_whole=outcome.digest_before if whole else None,
    )


def _rehearsal_problems(rehearse: bool, before: Digest, after: Digest) -> tuple[Problem, ...]:
    if not rehearse or before == after:
        return ()
    return (
        Problem(
            where="target",
            what=f"the target is not as it was before the rehearsal: {before} then {after}",
            next="somebody else wrote to it meanwhile, or its rollback is not one: find out before the real night",
        ),
    )


def _left_problems(notes: Sequence[RowNote]) -> Iterator[Problem]:
    for why, label in dict.fromkeys((note.why, note.table) for note in notes):
        names = [said_key(note.key) for note in notes if (note.why, note.table) == (why, label)]
        yield Problem(
            where=label,
            what=f"the rehearsal put a file there and did not take it back: {why}",
            count=len(names),
            examples=tuple(names[:10]),
            next="find out who uses it; a migration leaves a file of the same content as it stands",
        )
