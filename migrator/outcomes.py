"""What passes between the engine and those above it: what it found, how far it is, which steps are done for good."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias, TypeVar

from storage.problem import Problem


class Verdict(StrEnum):
    GREEN = "green"
    RED = "red"

    @classmethod
    def of(cls, is_green: bool) -> Verdict:
        return cls.GREEN if is_green else cls.RED


@dataclass(frozen=True, kw_only=True)
class Tick:
    """Progress: `done` rows of `what` within `step`; `total` where it is known."""

    step: str
    what: str = ""
    done: int = 0
    total: int | None = None


Progress = Callable[[Tick], None]


def silent(_tick: Tick) -> None:
    """The progress nobody watches."""


Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""What a step gives: small, and the same when it was written as JSON and read again (lists, not tuples; no rows)."""

Given = TypeVar("Given", bound=Json)


class Steps(Protocol):
    """What a run has finished for good: done once, it is not done again, whatever stopped the run after it.

    A step is coarse (a table, a split, the merge), has a name of its own within the run that stays the same for ever
    (`stage companies`), and is idempotent: the one that was under way when the run stopped is done once more. An
    attempt may ask for its steps in another order than the one before, and from several threads.
    """

    @property
    def attempt(self) -> int:
        """1 for a run that was never resumed."""

    def once(self, name: str, do: Callable[[], Given]) -> Given:
        """What `do` gave when this step was finished, by this attempt or an earlier one; errors are not kept."""


class _EveryStep:
    attempt = 1

    def once(self, name: str, do: Callable[[], Given]) -> Given:
        return as_read_again(do())


EVERY_STEP: Steps = _EveryStep()
"""Does everything and remembers nothing: for whoever performs what nobody resumes."""


class Shares(Protocol):
    """Steps of a run that other processes may do in its place; each is done by one of them at a time."""

    @property
    def helpers(self) -> int:
        """How many there are that could do some."""

    def offer(self, sizes: Mapping[str, int], handed: Mapping[str, Json]) -> None:
        """Others may do these, too, the largest first. `handed` is what each needs to know; it holds no secret."""

    def take(self, name: str) -> bool:
        """Whether it is to be done here: nobody else does it, or who did fell silent or gave it back."""

    def is_done(self, name: str) -> bool:
        """Whether somebody else has done it."""

    def withdraw(self) -> None:
        """Nothing is to be had any more, and who is at something learns so."""


class _Unshared:
    helpers = 0

    def offer(self, sizes: Mapping[str, int], handed: Mapping[str, Json]) -> None: ...

    def take(self, name: str) -> bool:
        return True

    def is_done(self, name: str) -> bool:
        return False

    def withdraw(self) -> None: ...


UNSHARED: Shares = _Unshared()
"""Everything is done where the run is performed."""


def as_read_again(given: Given) -> Given:
    """As a later attempt will find it. TypeError where a step gives what is no JSON."""
    read: Given = json.loads(json.dumps(given))
    return read


@dataclass(frozen=True, kw_only=True)
class Equation:
    """One edge's rows: archive = loaded + merged + kept + rejected + excluded + unexplained."""

    source: str
    target: str
    kind: str
    archive: int
    loaded: int = 0
    merged: int = 0
    kept: int = 0
    rejected: int = 0
    excluded: int = 0
    rejected_because: str = ""  # the reasons the mapping states
    excluded_because: str = ""

    @property
    def unexplained(self) -> int:
        return self.archive - self.loaded - self.merged - self.kept - self.rejected - self.excluded


@dataclass(frozen=True, kw_only=True)
class ColumnFate:
    """Where one archived column went: `carried`, `converted` (with the steps) or `dropped` (with the reason)."""

    table: str
    column: str
    fate: str
    target: str = ""
    how: str = ""
    reason: str = ""
    lossy: bool = False


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One cell (or row) that is not what archive + mapping say: values as text, None is NULL, absent rows say so."""

    table: str
    key: dict[str, str]
    column: str  # "" for a row that is missing or not expected
    expected: str | None
    actual: str | None
    kind: str = "cell"  # cell | missing | unexpected

    @property
    def place(self) -> str:
        """The row, as a person reads it."""
        return f"{self.table} {said_key(self.key)}".strip()

    @property
    def said(self) -> str:
        """What is wrong there, as a person reads it."""
        return f"{self.column or self.kind}: expected {_said(self.expected)}, found {_said(self.actual)}"


def said_key(key: Mapping[str, str]) -> str:
    """A row's key as a person reads it; a table without a key has none."""
    return ", ".join(f"{column}={value}" for column, value in key.items())


def _said(value: str | None) -> str:
    return "NULL" if value is None else repr(value)  # quotes and escapes: ' ' is not '', and both are not NULL


@dataclass(frozen=True, kw_only=True)
class TableComparison:
    table: str
    expected: int
    actual: int
    compared: int
    different: int
    columns: tuple[str, ...]
    not_compared: tuple[str, ...] = ()  # columns, each with its reason


@dataclass(frozen=True, kw_only=True)
class Check:
    """One test that ran or did not: `passed` None means not run, and `detail` says why."""

    name: str
    passed: bool | None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Verification:
    verdict: Verdict
    compared: int  # rows
    different: int
    not_compared: tuple[str, ...]
    tables: tuple[TableComparison, ...]
    differences: tuple[Difference, ...] = ()  # the first of each table
    checks: tuple[Check, ...] = ()
    read_from: str = "parquet"  # or csv (--deep)


@dataclass(frozen=True, kw_only=True)
class StepTiming:
    step: str
    seconds: float
    rows: int = 0
    peak_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class SourceCost:
    """What a snapshot cost the platform it read: statements, how long they were open and waited for, what they gave."""

    statements: int = 0
    longest_seconds: float = 0.0
    longest_table: str = ""  # what the longest statement read
    seconds: float = 0.0  # in all, spent waiting for the platform
    rows: int = 0
    bytes: int = 0  # of the rows as they arrived


@dataclass(frozen=True, kw_only=True)
class ScopeProof:
    """How a snapshot was proven to hold all of its tenant and nobody else; of others it says nothing."""

    kind: str  # by index | full
    edges: int  # along which the source's own count equals the archive's
    summed: int = 0  # of these, where a sum of hashes of the keys does, too
    walked: int = 0  # rows that lead to the tenant inside the archive
    guests: int = 0  # rows that came along: shared ones, and others' as the plan says


@dataclass(frozen=True, kw_only=True)
class ArchivedTable:
    """A table of the archive: why its rows are there. `rows` include those of other tenants, `carried` and `stubs`."""

    table: str
    kind: str  # owned | shared
    path: str
    rows: int
    parents: tuple[str, ...] = ()  # the tables it is owned through; none where the plan names its rows
    carried: int = 0
    stubs: int = 0


@dataclass(frozen=True, kw_only=True)
class SealParts:
    """What a seal is made of, each as SHA-256 in hex: of two seals that differ it says what was changed."""

    plan: str
    mapping: str
    source: str  # the structure of the archived tables
    target: str  # and of the target's

    @property
    def seal(self) -> str:
        return _hash(self.plan, self.mapping, self.source, self.target)

    @property
    def asked(self) -> str:
        """The same of plan and mapping, whatever the tables are like by now."""
        return _hash(self.plan, self.mapping)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a migration of so many archived rows takes, by what was measured; after it, what it did take."""

    rows: int
    seconds: float  # from the map check to the last verification
    lock_seconds: float
    rollback_seconds: float  # a load that is given up before its commit is undone in this time
    basis: str
    way_back_seconds: float | None = None  # taking it back after its commit; None where no load of the plan ever was
    way_back_basis: str = ""
    took_seconds: float | None = None
    took_lock_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that is not as it was in the run before; both as texts, "" where there was none."""

    what: str
    before: str
    now: str


@dataclass(frozen=True, kw_only=True)
class SlowerStep:
    """A step that took notably longer for each row than in the run before."""

    step: str
    before_seconds: float
    seconds: float
    before_rows: int = 0
    rows: int = 0


@dataclass(frozen=True, kw_only=True)
class RehearsalBefore:
    """The rehearsal before this one, and how this one differs from it."""

    run: str
    number: int
    verdict: Verdict
    finished_at: str
    changes: tuple[Change, ...] = ()
    slower: tuple[SlowerStep, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What a migration was let through by: a rehearsal, or `waived`, the reason somebody gave to do without.

    `missing` says what the gate would have refused it for.
    """

    rehearsal: str = ""  # the run
    number: int = 0
    rehearsed_at: str = ""
    target: str = ""  # where it was rehearsed, redacted
    waived: str = ""
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """Everything one run can say; verification.json is this value, and every other format renders it."""

    run: str
    kind: str  # rehearsal | migration | verification | rollback
    number: int
    verdict: Verdict
    plan: str
    tenant: str
    seal: str
    archive: str
    archive_fingerprint: str
    fence: dict[str, str]
    source: str  # redacted
    target: str  # redacted
    tool: str
    started_at: str
    finished_at: str
    attempt: int = 1  # the one that came to its end; timings are those of whoever finished a step
    equations: tuple[Equation, ...] = ()
    columns: tuple[ColumnFate, ...] = ()
    dropped_tables: dict[str, str] = field(default_factory=dict)
    excluded_tables: dict[str, str] = field(default_factory=dict)
    accepted_losses: dict[str, str] = field(default_factory=dict)  # table.column → what of it is lost, and the reason
    verification: Verification | None = None
    problems: tuple[Problem, ...] = ()
    digests: dict[str, str] = field(default_factory=dict)
    rollback: dict[str, int] | None = None
    notes: tuple[Problem, ...] = ()  # kept and failed rows of a rollback; rows kept by on_match
    timings: tuple[StepTiming, ...] = ()
    not_run: tuple[Check, ...] = ()
    source_cost: SourceCost | None = None  # of the snapshot; archives of older versions do not say
    scope_proof: ScopeProof | None = None  # of the snapshot
    masked_columns: dict[str, str] = field(default_factory=dict)  # table.column of a masked archive → the method
    scope: tuple[ArchivedTable, ...] = ()  # what left with the tenant
    seal_parts: SealParts | None = None  # of a rehearsal or a migration
    admission: Admission | None = None  # of a migration
    forecast: Forecast | None = None  # a rehearsal's of the migration; a migration's as it was before it began
    rehearsal_before: RehearsalBefore | None = None  # of a rehearsal that is not the first
