"""The rows of a load in its staging: each table copied, read again and compared once, whatever stops the run after it.

What was staged is said beside it, by its content: staging that is lost, or that holds what the mapping would no longer
give (somebody changed a row that was matched), is made again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace

import pyarrow as pa

from mappings.quote import identifier as quoted
from migrator.contracts import ACTION, EDGE, KEEP, Staged, Staging
from migrator.engine.compare import Compared
from migrator.engine.held import typed
from migrator.engine.prepare import Prepared
from migrator.engine.turns import WORTH_ROWS, in_turn
from migrator.engine.verify import first, verify_staging
from migrator.outcomes import UNSHARED, Progress, Shares, Steps, Tick
from storage.described import built
from storage.errors import MigratorError, Red
from storage.problem import Problem


@dataclass(frozen=True, kw_only=True)
class StagedRows:
    """How many rows, and how long it took whoever staged them, comparing them included."""

    rows: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, parts: Sequence[StagedRows]) -> StagedRows:
        return cls(rows=sum(part.rows for part in parts), seconds=round(sum(part.seconds for part in parts), 3))


@dataclass(frozen=True, kw_only=True)
class Content:
    """What is to be staged of a table; `word` is what other rows, or other columns, would not have."""

    staged: Staged
    rows: int
    word: str

    @property
    def name(self) -> str:
        return self.staged.table.name


@dataclass(frozen=True, kw_only=True)
class HandedTable:
    """What a helper needs to know: which table is to be staged, and the word that it has to find for it, too."""

    table: str
    word: str


def stage(
    prepared: Prepared, staging: Staging, *, steps: Steps, shares: Shares = UNSHARED, progress: Progress
) -> StagedRows:
    """Every prepared row, verified, here or by helpers. Red where the target does not hold what the mapping says."""
    contents = [content(prepared, one) for one in prepared.tables]

    def is_due(one: Content) -> bool:
        return shares.is_done(one.name) or shares.take(one.name)

    with _offered(contents, staging, shares):
        parts, began = [], time.monotonic()
        for one in in_turn(contents, is_due, doing="stage", progress=progress):
            stage_noted(prepared, one, staging, progress)
            took = StagedRows(rows=one.rows, seconds=round(time.monotonic() - began, 3))
            parts.append(replace(_once(steps, one.staged, took), rows=one.rows))
            began = time.monotonic()
        return StagedRows.of(parts)


@contextmanager
def _offered(contents: Sequence[Content], staging: Staging, shares: Shares) -> Iterator[None]:
    """Let others stage what is worth it, if there is enough to share; in the end nobody is at it any more."""
    large = [one for one in contents if one.rows >= WORTH_ROWS]
    if shares is UNSHARED or len(large) < 2:
        yield
        return
    left = [one for one in large if staging.noted(one.staged) != one.word]
    if len(left) > 1:
        handed = {one.name: asdict(HandedTable(table=one.name, word=one.word)) for one in left}
        shares.offer({one.name: one.rows for one in left}, handed)
    try:
        yield
    finally:
        with suppress(MigratorError):  # of a run that is not performed any more nobody takes a share
            shares.withdraw()


def staged_before(prepared: Prepared, steps: Steps) -> StagedRows:
    """What earlier attempts staged, where it is merged by now."""
    return StagedRows.of([_once(steps, one, StagedRows(rows=prepared.count(one))) for one in prepared.tables])


def stage_noted(
    prepared: Prepared,
    one: Content,
    staging: Staging,
    progress: Progress,
    watching: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]] = iter,
) -> None:
    """Stage a table, compare it and note its content, unless that is noted; `watching` sees the batches go by."""
    staged = one.staged
    if staging.noted(staged) == one.word:
        return
    progress(Tick(step="stage", what=one.name, done=0, total=one.rows))
    types = [staged.table.column(name).type for name in staged.columns]
    batches = prepared.workbench.batches(prepared.rows(staged, to_stage=True))
    staging.stage(staged, watching(typed(batch, types) for batch in batches))
    progress(Tick(step="stage", what=one.name, done=one.rows, total=one.rows))
    _require_equal(staged, verify_staging(prepared, staged, staging.scan))
    staging.note(staged, one.word)


def _once(steps: Steps, staged: Staged, took: StagedRows) -> StagedRows:
    return built(StagedRows, steps.once(f"stage {staged.table.name}", lambda: asdict(took)), "stage")


def content(prepared: Prepared, staged: Staged) -> Content:
    """What is to be staged of a table.

    Of a row that is kept, the key alone is looked at: its values are the target's own, and any edge may have led there.
    """
    all_of_it = _hash((*staged.columns, ACTION, EDGE))
    if staged.key:
        all_of_it = f"CASE WHEN {ACTION} = '{KEEP}' THEN {_hash((*staged.key, ACTION))} ELSE {all_of_it} END"
    query = f"SELECT count(*), sum(({all_of_it})::HUGEINT) FROM ({prepared.rows(staged, to_stage=True)})"
    rows, total = prepared.workbench.row(query)
    columns = [staged.table.column(name) for name in staged.columns]
    shape = [(column.name, column.native, column.collation, str(column.type)) for column in columns]
    word = hashlib.sha256(repr((rows, total, shape, staged.key)).encode()).hexdigest()[:32]
    return Content(staged=staged, rows=int(rows), word=word)


def _hash(columns: Sequence[str]) -> str:
    return f"hash({', '.join(map(quoted, columns))})"


def _require_equal(staged: Staged, compared: Compared) -> None:
    if compared.comparison.different:
        raise Red(
            f"{compared.comparison.different} row(s) in staging are not what the mapping says:"
            f" {first(compared.differences)}",
            where=staged.table.name,
            next="the target changes these values when it stores them: add a cast to the mapping; nothing was loaded",
            problems=(
                Problem(
                    where=staged.table.name,
                    what="the target stores other values than the mapping gives (staging)",
                    count=compared.comparison.different,
                    examples=tuple(first([d]) for d in compared.differences[:10]),
                ),
            ),
        )
