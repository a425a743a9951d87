"""What a load did up to its commit: merged, compared and counted in one transaction, and told by the marker since.

Whoever is stopped between the commit and its record finds all of it in the target again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migrator.contracts import Digest, Marker, Merge, RowNote, Tally
from migrator.engine.ledger import equations
from migrator.engine.prepare import Prepared
from migrator.outcomes import Check, Equation, Progress, StepTiming, Tick, Verification, said_key
from storage.errors import Fault, Red

PASSED = (
    Check(name="live rows equal staging by key, inside the transaction", passed=True),
    Check(name="every reference of a loaded row leads to a row, inside the transaction", passed=True),
    Check(name="an ordinary INSERT finds a free key in every table with keys of its own", passed=True),
    Check(name="every archived row is explained: the ledger's equations have no remainder", passed=True),
)
"""What `merge_rows` has made sure of when it returns: each is raised as Red otherwise."""


@dataclass(frozen=True, kw_only=True)
class Merged:
    """`verification`, `digest_after` and `left` are a rehearsal's: the last is files that it could not take back."""

    equations: tuple[Equation, ...]
    digest_before: Digest
    digest_loaded: Digest
    lock_seconds: float
    timings: tuple[StepTiming, ...] = ()
    verification: Verification | None = None
    digest_after: Digest | None = None
    left: tuple[RowNote, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Counted:
    """`digest_touched` is `digest_before` where that is not of whole tables."""

    equations: tuple[Equation, ...]
    counts: dict[int, dict[str, int]]
    digest_before: Digest
    digest_touched: Digest
    digest_loaded: Digest

    def merged(self, lock_seconds: float) -> Merged:
        return Merged(
            equations=self.equations,
            digest_before=self.digest_before,
            digest_loaded=self.digest_loaded,
            lock_seconds=lock_seconds,
        )

    def tally(self, lock_seconds: float) -> Tally:
        return Tally(
            counts=self.counts,
            digest_before=self.digest_before,
            digest_loaded=self.digest_loaded,
            lock_seconds=lock_seconds,
        )


def merge_rows(prepared: Prepared, merge: Merge, *, whole: bool, progress: Progress) -> Counted:
    """Everything but the commit. Red unless the live rows are the staged ones and every archived row is explained."""
    progress(Tick(step="merge"))
    merge.lock(prepared.tables)
    touched = merge.digest(prepared.tables, whole=False)
    before = merge.digest(prepared.tables, whole=True) if whole else touched
    counts = merge.merge(prepared.tables)
    notes = [note for staged in prepared.tables for note in merge.compare(staged)]
    _require_none(notes, merge.check(prepared.tables))
    return Counted(
        equations=_explained(prepared, counts),
        counts=counts,
        digest_before=before,
        digest_touched=touched,
        digest_loaded=merge.digest(prepared.tables, whole=whole),
    )


def of_marker(prepared: Prepared, marker: Marker) -> Merged:
    """The same of a load that stands; `prepared` holds what it decided."""
    if marker.tally is None:
        raise Fault(
            "an older version of this program committed the load, and was stopped before it could say so",
            where=marker.run,
            next=f"migrator verify {marker.run} says what the target holds",
        )
    return Merged(
        equations=equations(prepared, marker.tally.counts),
        digest_before=marker.tally.digest_before,
        digest_loaded=marker.tally.digest_loaded,
        lock_seconds=marker.tally.lock_seconds,
    )


def _explained(prepared: Prepared, counts: dict[int, dict[str, int]]) -> tuple[Equation, ...]:
    found = equations(prepared, counts)
    unexplained = [equation for equation in found if equation.unexplained]
    if unexplained:
        worst = unexplained[0]
        raise Red(
            f"{worst.unexplained} row(s) are unexplained: {worst}",
            where=f"{worst.source} → {worst.target}",
            next="nothing was committed; report this with the mapping",
        )
    return found


def _require_none(notes: Sequence[RowNote], problems: Sequence[str]) -> None:
    if notes:
        raise Red(
            f"{len(notes)} live row(s) are not what was staged; first: {notes[0].why}",
            where=f"{notes[0].table} {said_key(notes[0].key)}",
            next="something in the target changes rows as they are written; nothing was committed",
        )
    if problems:
        raise Red(problems[0], where="target", next="mend the mapping; nothing was committed")
