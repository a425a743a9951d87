"""Verification: the target re-read and compared, value by value, with what archive and mapping say should be there.

Expected rows come from a fresh workbench; of the loader nothing is used but the compiled mapping, and that is held
against its Python twins on sampled rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from migrator.contracts import ACTION, KEEP, Among, Predicate, Staged, Target, Whole
from migrator.engine.attachments_found import left_behind
from migrator.engine.compare import Compared, compare
from migrator.engine.numbers import free_numbers
from migrator.engine.placing import FilesCompared
from migrator.engine.prepare import Prepared
from migrator.engine.twins import twin_check
from migrator.outcomes import EVERY_STEP, Check, Difference, Progress, Steps, Tick, Verdict, Verification, silent
from storage import moment
from storage.described import built
from storage.schema import Table

READ_BEFORE = "every table was read by the last attempt of this run"
"""The check that is told as not run where it is not so."""

Read = Callable[[Table, Predicate], Iterable[pa.RecordBatch]]
"""Live rows of a table (its columns, typed as it says)."""


def verify(
    prepared: Prepared,
    target: Target,
    *,
    files: Sequence[FilesCompared] = (),
    read_from: str = "parquet",
    after: str = "",
    steps: Steps = EVERY_STEP,
    progress: Progress = silent,
) -> Verification:
    """Compare the committed target with `prepared` (materialised, its decisions restored); `files` are compared.

    `after` names the rollback that took some of it back, if one did: what was found before is not what stands now.
    """

    def read(table: Table, predicate: Predicate) -> Iterator[pa.RecordBatch]:
        with target.scan(table, predicate, columns=table.column_names) as batches:
            yield from batches

    return verify_with(
        prepared,
        read,
        files=files,
        checks=tuple(free_numbers(prepared, target)),
        read_from=read_from,
        after=after,
        steps=steps,
        progress=progress,
    )


def verify_with(
    prepared: Prepared,
    read: Read,
    *,
    files: Sequence[FilesCompared] = (),
    checks: Sequence[Check] = (),
    read_from: str = "parquet",
    after: str = "",
    steps: Steps = EVERY_STEP,
    progress: Progress = silent,
) -> Verification:
    """The same through any reader: a rehearsal verifies what its open transaction sees."""
    step = f"after {after}, verify" if after else "verify"
    tables = [_verified_once(prepared, staged, read, step, steps, progress) for staged in prepared.tables]
    loaded = {source for one in files for source in one.sources}
    checks = [
        *(check for table in tables for check in table.kept),
        *checks,
        twin_check(prepared),
        *(one.check for one in files),
        *left_behind(prepared.archive, loaded),
        *_read_before(tables, steps.attempt),
    ]
    return conclude([table.compared for table in tables], checks, files=files, read_from=read_from)


@dataclass(frozen=True, kw_only=True)
class _Verified:
    """One table; `kept` is about the rows that are the target's own. `attempt` of the run read it then."""

    compared: Compared
    kept: tuple[Check, ...]
    attempt: int = 1
    read_at: str = ""


def _read_before(tables: Sequence[_Verified], attempt: int) -> Iterator[Check]:
    """Nobody is to think that all of it was read when the run ended."""
    earlier = [f"{table.compared.comparison.table} at {table.read_at}" for table in tables if table.attempt < attempt]
    if earlier:
        read = f"attempts that were stopped read {', '.join(earlier)}; how it is by now was not looked at"
        yield Check(name=READ_BEFORE, passed=None, detail=read)


def _verified_once(
    prepared: Prepared, staged: Staged, read: Read, step: str, steps: Steps, progress: Progress
) -> _Verified:
    progress(Tick(step="verify", what=staged.table.name, total=prepared.count(staged)))

    def verified() -> dict[str, Any]:
        compared, kept = _compare_live(prepared, staged, read), tuple(_kept_are_there(prepared, staged, read))
        return asdict(_Verified(compared=compared, kept=kept, attempt=steps.attempt, read_at=moment.now()))

    return built(_Verified, steps.once(f"{step} {staged.table.name}", verified), "verify")


def conclude(
    compared: Sequence[Compared], checks: Sequence[Check], *, files: Sequence[FilesCompared] = (), read_from: str
) -> Verification:
    different = sum(one.comparison.different for one in compared) + sum(one.different for one in files)
    failed = [check for check in checks if check.passed is False]
    differences: list[Difference] = [found for one in compared for found in one.differences]
    differences += (found for one in files for found in one.differences)
    return Verification(
        verdict=Verdict.of(not different and not failed),
        compared=sum(one.comparison.compared for one in compared),
        different=different,
        not_compared=tuple(
            f"{one.comparison.table}.{column}" for one in compared for column in one.comparison.not_compared
        ),
        tables=tuple(one.comparison for one in compared),
        differences=tuple(differences),
        checks=tuple(checks),
        read_from=read_from,
    )


def _compare_live(prepared: Prepared, staged: Staged, read: Read) -> Compared:
    # rows without a key stand among other people's: the whole table is read, and ours must be among it
    keyed = bool(staged.key)

    def actual(table: Table) -> Iterable[pa.RecordBatch]:
        predicate: Predicate = Whole()
        if keyed:
            predicate = Among(columns=staged.key, keys=prepared.keys(staged, staged.key, f"{ACTION} <> '{KEEP}'"))
        return read(table, predicate)

    return compare(prepared.workbench, staged, prepared.rows(staged), actual, others_too=not keyed)


def _kept_are_there(prepared: Prepared, staged: Staged, read: Read) -> Iterator[Check]:
    """Rows the target kept are its own: their values are not compared, but their keys must still be there."""
    if not staged.key:
        return
    keys = prepared.keys(staged, staged.key, f"{ACTION} = '{KEEP}'")
    if not (kept := len(keys)):
        return
    table = Table(name=staged.table.name, columns=tuple(staged.table.column(name) for name in staged.key))
    found = sum(batch.num_rows for batch in read(table, Among(columns=staged.key, keys=keys)))
    yield Check(
        name=f"{staged.table.name}: rows the target kept are there (their values are its own and not compared)",
        passed=found == kept,
        detail=f"{found} of {kept}",
    )


def verify_staging(prepared: Prepared, staged: Staged, scan: Callable[[Staged], Iterable[pa.RecordBatch]]) -> Compared:
    """What was staged against what should have been: before anything live is touched."""

    def actual(table: Table) -> Iterator[pa.RecordBatch]:
        own = {column.name: column for column in table.columns}
        columns = tuple(own.get(column.name, column) for column in staged.table.columns)
        for batch in scan(replace(staged, table=replace(staged.table, columns=columns))):
            live = pc.not_equal(batch.column(ACTION), KEEP)
            yield batch.filter(live).select(list(table.column_names))

    return compare(prepared.workbench, staged, prepared.rows(staged), actual)


def first(differences: Sequence[Difference], count: int = 3) -> str:
    """The first differences in one line."""
    return "; ".join(f"{difference.place} {difference.said}" for difference in islice(differences, count))
