"""What the engine asks of a platform. A driver implements `Source`, `Target` or both, and nothing of the engine.

Rows travel as `pyarrow.RecordBatch` in the column order of the `Table` they belong to. Drivers translate their
own errors, once, into `storage.errors`: Fault (outside), Misuse (configuration), Red (an answer about the data).
tests/conformance holds the suites every driver passes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Protocol

import pyarrow as pa

from storage.address import split
from storage.model import Model
from storage.problem import Problem
from storage.schema import Column, Fidelity, Schema, Table, Type

Scalar = str | int | float | bytes | bool | None


# ── which rows ──────────────────────────────────────────────────────────────────────────────────────────────
class Keys(Protocol):
    """A set of keys that may be larger than memory, and is read as often as needed."""

    @property
    def types(self) -> tuple[Type, ...]:
        """The type of each key column (a VARIANT key is tagged text)."""
        ...

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The keys, one column per key column, in a stable order, without NULL and without duplicates."""
        ...

    def __len__(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Matching:
    """Rows whose columns equal these values; None selects rows where the column is empty, and nothing else does."""

    columns: tuple[str, ...]
    values: tuple[Scalar, ...]


@dataclass(frozen=True, kw_only=True)
class Among:
    """Rows whose `columns` are one of `keys`; with `when`, only where that other column has that value too.

    With `of`, the keys are values of those columns of a parent, and a row is selected if the platform would say that
    it points at one of them: by the type and the collation of the parent, whatever the row's own columns are.
    """

    columns: tuple[str, ...]
    keys: Keys
    when: Matching | None = None
    of: tuple[Column, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AnyOf:
    """Rows that satisfy at least one of these, each row once."""

    among: tuple[Among | Matching, ...]


@dataclass(frozen=True, kw_only=True)
class Whole:
    """Every row."""


Predicate = Matching | Among | AnyOf | Whole


# ── source ──────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, kw_only=True)
class Fence:
    """The point in time one consistent reading belongs to."""

    kind: str  # sqlite-read-transaction, sqlite-copy, postgresql-exported-snapshot, mysql-consistent-snapshot, …
    token: str  # what identifies the view on the platform (data version, snapshot id, transaction id)
    taken_at: str  # RFC 3339, UTC
    isolation: str
    position: str | None = None  # the point in the platform's own log (LSN, GTID, binlog file:position)
    readers: int = 1  # how many connections share it
    handle: str | None = field(default=None, repr=False)  # how others join it while it is held; None where nobody can

    @property
    def told(self) -> dict[str, str | int | None]:
        """What a person and an archive are told of it."""
        return {name: value for name, value in asdict(self).items() if name != "handle"}


@dataclass(frozen=True, kw_only=True)
class ReadLimits:
    """How gently a source is to be read: what the plan allows, `source.max_connections` and its neighbours."""

    max_connections: int = 1  # beside the one that holds the fence
    allow_brief_lock: bool = False  # a lock that holds writers up for the moment several readers need to meet
    statement_timeout_s: int | None = None  # a statement that takes longer is given up: Fault
    rows_per_second: int | None = None  # kept by the engine, for every driver
    hold_minutes: int = 15  # for so long its point in time is held for whoever resumes a run that was stopped


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing a driver looked at on its platform before anything starts. `red` stops a migration, `ok` does not."""

    what: str  # version, grants, engine, triggers, free space, …
    verdict: str  # ok | warning | red
    found: str
    where: str = ""
    next: str = ""


@dataclass(frozen=True, kw_only=True)
class TableSize:
    """What the platform's own statistics say of a table: an estimate, asked without reading the table."""

    table: str
    rows: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Examination:
    """A platform as seen with the plan's own rights: nothing is written and no table is read."""

    version: str
    user: str
    clock: str | None  # the server's time, RFC 3339 UTC, where it has one of its own
    findings: tuple[Finding, ...]
    sizes: tuple[TableSize, ...]
    grants: str = ""  # the script an administrator runs to grant exactly what is needed


@dataclass(frozen=True, kw_only=True)
class TenantCandidate:
    """A table or column that looks like it says whose a row is, with how many tenants it tells apart."""

    table: str
    column: str
    tenants: int
    examples: tuple[str, ...]
    referencing_tables: int


@dataclass(frozen=True, kw_only=True)
class ColumnCensus:
    """What a column's actual values are, found by testing all of them, never a sample."""

    column: str
    fidelity: Fidelity
    nulls: int
    found: tuple[str, ...]  # storage classes or the like, for a person


class Reading(Protocol):
    """One consistent view of a source; every call sees the same rows and the same schema.

    A view of `schema.views` is read as a table is. What it computes from the clock or by chance may differ each time.
    """

    fence: Fence
    schema: Schema

    def census(self, table: Table, predicate: Predicate) -> tuple[Table, tuple[ColumnCensus, ...]]:
        """The table, each column's type and fidelity decided by the values `predicate` selects, and the findings."""
        ...

    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None, distinct: bool = False
    ) -> Iterator[pa.RecordBatch]:
        """The selected rows, in a stable order (primary key, else the platform's own), `columns` only where given.

        Raises Recast where a value does not fit the type `table` gives its column.
        """
        ...

    def count(self, table: Table, predicate: Predicate) -> int:
        """How many rows `predicate` selects, counted by the platform."""
        ...

    def model(self, tables: Collection[str]) -> Model:
        """What these tables are made of beside columns and keys, and the types and sequences they need."""
        ...


class Held(Protocol):
    """A view that is held for others, and not read."""

    fence: Fence  # with a handle of its own

    def is_joined(self) -> bool:
        """Whether anybody reads in it now, on any machine. Fault where the platform ended it."""
        ...


class Source(Protocol):
    """A platform a tenant's data is read from, made from its address and ReadLimits; opening it never writes to it."""

    def describe(self) -> Schema:
        """Every table and view, with types by declaration. Misuse if the address holds no such platform."""
        ...

    def tenants(self, is_likely: Callable[[str], bool]) -> tuple[TenantCandidate, ...]:
        """The keys of tables that are likely to list tenants by what they are called, most referenced first."""
        ...

    def fence(self) -> AbstractContextManager[Reading]:
        """A consistent view, held as long as the context is open."""
        ...

    def join(self, fence: Fence) -> AbstractContextManager[Reading]:
        """The very view that another process took, whoever holds it now; then held here, too.

        Its fence is the one given, with a handle of its own. FenceLost where nobody holds it any more, where it cannot
        be told from another, or where this platform lets nobody join.
        """
        ...

    def hold(self, fence: Fence) -> AbstractContextManager[Held]:
        """The same view, held for whoever joins later. FenceLost as in `join`."""
        ...

    def release(self, fence: Fence) -> None:
        """End whoever holds the view by this handle, wherever that is; no error where nobody does."""
        ...

    def examine(self, excluded: Collection[str] = (), views: Collection[str] = ()) -> Examination:
        """What a careful person would look at before a snapshot.

        Nobody needs a right to what is `excluded`, nor to views but those named.
        """
        ...


# ── target ──────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, kw_only=True)
class Capabilities:
    platform: str  # as its Schema names it
    transactional: bool
    silences_triggers: bool  # triggers can be disabled for one transaction
    stages_together: bool = False  # several processes can stage tables of one run


REFUSE, FIRE, DISABLE = "refuse", "fire", "disable"


@dataclass(frozen=True, kw_only=True)
class Triggers:
    """What becomes of triggers on loaded tables: `target.triggers` of the plan.

    With FIRE, `writes` names the tables they write beside the loaded rows: what they change there is journalled too.
    """

    mode: str = REFUSE
    writes: tuple[str, ...] = ()


NO_TRIGGERS = Triggers()


ACTION, EDGE = "migrator_action", "migrator_edge"
"""Two text/integer columns every staging table has after the target's own: what to do with the row, and its edge."""

CREATE, OVERWRITE, KEEP = "create", "overwrite", "keep"

JOURNALS = ".migrator"
"""The folder of a target's files where loads say what they put there: nobody else's to read."""


@dataclass(frozen=True, kw_only=True)
class Staged:
    """One target table of a load: `columns` are those the mapping fills; `key` tells rows apart (empty: a multiset)."""

    table: Table
    columns: tuple[str, ...]
    key: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Digest:
    """Order-free sum (modulo 2^128) of keyed row hashes, and how many rows it sums."""

    rows: int = 0
    total: int = 0

    def __add__(self, other: Digest) -> Digest:
        return Digest(rows=self.rows + other.rows, total=(self.total + other.total) % (1 << 128))

    def __str__(self) -> str:
        return f"{self.rows}:{self.total:032x}"


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a load counted before its commit, for whoever is to report it: {edge: {action: rows}}, and both digests."""

    counts: dict[int, dict[str, int]]
    digest_before: Digest
    digest_loaded: Digest
    lock_seconds: float


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Which run loads what, and by which plan."""

    run: str
    plan: str
    tenant: str
    archive: str  # where it lies
    seal: str
    archive_id: str = ""  # whatever its folder is called
    asked: str = ""  # the hash of plan and mapping alone: the seal is of the schemas, too

    def repeats(self, earlier: Identity) -> bool:
        """Whether it loads once more what that one did: the archive, or a copy of it, by the same plan and mapping.

        Of those an older version told nothing but the plan's name, and a seal that it may have made in another way.
        """
        if not self._archive_names & earlier._archive_names:
            return False
        if not earlier.asked:
            return (self.plan, self.tenant) == (earlier.plan, earlier.tenant)
        return self.asked == earlier.asked

    @property
    def _archive_names(self) -> set[str]:
        return {self.archive_id, split(self.archive)[1]} - {""}


@dataclass(frozen=True, kw_only=True)
class Marker(Identity):
    """The row a committed load leaves in the target: exactly-once under kill -9, and what rollback needs to know."""

    loaded_at: str
    tables: tuple[Staged, ...]
    digest_touched: Digest  # before the load, over the rows the run touches
    digest_whole: Digest | None = None  # before the load, over the whole tables, where it was asked for
    closed_at: str | None = None  # when it was accepted for good: it has no journal since, and is not taken back
    tally: Tally | None = None  # older versions left none
    taken_back_by: str = ""  # the last rollback, where it had to leave rows
    closed_by: str = ""  # the closing that accepted it, and what went then
    closed: Closed | None = None


@dataclass(frozen=True, kw_only=True)
class RowNote:
    """A row a person should look at: its key as text per column, and why."""

    table: str
    key: dict[str, str]
    why: str


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """A column that a sequence fills: the number the next row gets, and how far the one after it is from there."""

    table: str
    column: str
    following: int
    step: int


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What taking a load back did, row by row counted; `notes` lists every kept and failed row."""

    reversed: int
    kept: int
    failed: int
    notes: tuple[RowNote, ...] = field(default=())
    digest_before_load: Digest = field(default_factory=Digest)
    digest_after: Digest = field(default_factory=Digest)


class Claims(Protocol):
    """Tables of a target that one run has for itself, on whatever machine others ask for them."""

    def take(self, tables: Sequence[Table]) -> str:
        """Take them, all or none: "" if they are this run's now, else who has one of them, in a person's words.

        Where that is an earlier attempt of this run, which hangs or whose machine is gone, its sessions are ended.
        """
        ...

    def require(self) -> None:
        """Fault if they may have been somebody else's since."""
        ...


@dataclass(frozen=True, kw_only=True)
class Closed:
    """What left the target when a load was accepted for good: journals, and how many rows they were about."""

    journals: int
    entries: int


class Staging(Protocol):
    """The staging tables of one run, outside any transaction; nothing of the live tables is touched."""

    def stage(self, staged: Staged, batches: Iterable[pa.RecordBatch]) -> int:
        """Bulk-copy rows (staged.columns, then ACTION and EDGE); returns how many. Replaces what was staged before."""
        ...

    def scan(self, staged: Staged) -> Iterator[pa.RecordBatch]:
        """What was staged, re-read: staged.columns, then ACTION and EDGE. Recast as in Reading.scan."""
        ...

    def note(self, staged: Staged, word: str) -> None:
        """Remember beside the rows that they are what this word (letters, digits) stands for."""
        ...

    def noted(self, staged: Staged) -> str | None:
        """The word, if all rows it was said of are there; None where they were staged again since, or are lost."""
        ...


class Merge(Protocol):
    """The one transaction that makes a load visible. Leaving the context without `commit()` rolls everything back."""

    def lock(self, staged: Sequence[Staged]) -> None:
        """Take the locks; Red if a row to keep or overwrite is gone, or a row to create is there (TOCTOU re-check)."""
        ...

    def digest(self, staged: Sequence[Staged], *, whole: bool) -> Digest:
        """Over the rows this run touches (keys in staging), or over the whole tables."""
        ...

    def merge(self, staged: Sequence[Staged]) -> dict[int, dict[str, int]]:
        """Journal before-images, write, journal what was left behind: {edge: {action: rows}}.

        Red on a violated constraint, naming table and constraint.
        """
        ...

    def compare(self, staged: Staged) -> tuple[RowNote, ...]:
        """Live rows that differ from staging, by key, inside the database; the first hundred."""
        ...

    def check(self, staged: Sequence[Staged]) -> tuple[str, ...]:
        """Foreign keys, uniqueness, sequences, and that an ordinary INSERT would find a free key: what is wrong."""
        ...

    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Live rows as this transaction sees them (a rehearsal verifies what it will roll back)."""
        ...

    def commit(self, marker: Marker) -> None:
        """Write the marker and commit."""
        ...


class Rebuilding(Protocol):
    """An empty platform that becomes an archive's: its tables are there, without keys, constraints and indexes.

    Leaving the context without `finish()` leaves the platform as empty as it was.
    """

    def fill(self, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        """Put rows into a table, every column as it was, computed ones left to the platform; returns how many."""
        ...

    def finish(self) -> tuple[Problem, ...]:
        """Keys, constraints, indexes, sequences beyond every number in use, comments; then it stands.

        What cannot be as it was declared, because the rows or this server do not allow it, is told, one Problem each.
        """
        ...


class Target(Protocol):
    """A platform a tenant's data is loaded into."""

    capabilities: Capabilities

    def describe(self) -> Schema:
        """Every table but the ones this software keeps there."""
        ...

    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None
    ) -> AbstractContextManager[Iterator[pa.RecordBatch]]:
        """Committed live rows, on a connection of its own. Recast as in Reading.scan."""
        ...

    def markers(self) -> tuple[Marker, ...]:
        """The committed loads this target holds, oldest first."""
        ...

    def claims(self, run: str) -> AbstractContextManager[Claims]:
        """The tables that the run takes are its own until the context ends, or the process does, however it dies."""
        ...

    def staging(self, run: str, *, keep: bool = False) -> AbstractContextManager[Staging]:
        """The run's staging, empty at the start; swept at the end whatever happens.

        With `keep`, what an earlier attempt kept is there, and it stays where the run may be resumed: whatever ends
        the context but a return, Red and Misuse. A week after it was touched last, any run sweeps it.
        """
        ...

    def helping(self, run: str, table: Table, required: Callable[[], None]) -> AbstractContextManager[Staging]:
        """The staging of this table, for a process that helps another, which has the run's staging open.

        `required` raises once the table is another's to stage: then nothing is written any more. Whoever was at the
        table before is ended, and so is this where the table is taken over. What is not noted at the end goes again.
        Fault where nobody stages the run here, or another user does. Only where the platform `stages_together`.
        """
        ...

    def sweep(self, runs: Collection[str], *, are_over: bool = False) -> int:
        """Remove what these runs staged, unless somebody is at work with it; how many had something there.

        With `are_over` nobody is to be at work with it any more: what an attempt still has open that hangs, or whose
        machine is gone, is ended, and what it had begun to merge goes, too, unless another run is merging.
        """
        ...

    def merging(
        self, run: str, *, max_seconds: int | None = None, triggers: Triggers = NO_TRIGGERS
    ) -> AbstractContextManager[Merge]:
        """The merge transaction, only inside `staging(run)`.

        With `max_seconds`, a transaction that holds its locks for longer is rolled back: Red.
        """
        ...

    def numbered(self, tables: Sequence[Table]) -> tuple[Numbered, ...]:
        """What sequences would give next, without drawing it; a platform that counts from its rows on has none."""
        ...

    def examine(self, tables: Sequence[str]) -> Examination:
        """What a careful person would look at before a load into these tables."""
        ...

    def undo(self, run: str, *, whole: bool = False, by: str = "") -> Undone:
        """Take the run back from its journal, in one transaction; Misuse if this target holds no such run.

        Asked again in the name of the same rollback, `by`, it says what it did, until that is settled.
        """
        ...

    def settle(self, by: str) -> None:
        """What this rollback did is noted elsewhere: the target forgets it."""
        ...

    def close(self, run: str, *, by: str = "") -> Closed:
        """Accept the run's load for good: journals and before-images go, and nothing takes it back any more.

        Its marker stays and says so; closing it again removes what was left, and says in the name of the same closing,
        `by`, what went the first time. Misuse if this target holds no such run.
        """
        ...

    def rebuilding(self, tables: Sequence[Table], model: Model) -> AbstractContextManager[Rebuilding]:
        """Make an empty platform these tables, from their descriptions alone.

        Misuse if anything of anybody's is there. Red if this server cannot have what is described, by name.
        """
        ...

    def erase(self, tables: Sequence[Table], model: Model) -> None:
        """Remove what a rebuilding of these descriptions made, and the rows that came there since.

        What people made there meanwhile stays; Fault where it hangs on these tables.
        """
        ...
