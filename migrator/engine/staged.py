"""The rows of a load in its staging: each table copied, read again and compared once, whatever stops the run after it.

What was staged is said beside it, by its content: staging that is lost, or that holds what the mapping would no longer
give (somebody changed a row that was matched), is made again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from mappings.quote import identifier as quoted
from migrator.contracts import ACTION, EDGE, KEEP, Staged, Staging
from migrator.engine.compare import Compared
from migrator.engine.held import typed
from migrator.engine.prepare import Prepared
from migrator.engine.verify import first, verify_staging
from migrator.outcomes import Progress, Steps, Tick
from storage.described import built
from storage.errors import Red
from storage.problem import Problem


@dataclass(frozen=True, kw_only=True)
class StagedRows:
    """How many rows, and how long it took whoever staged them, comparing them included."""

    rows: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, parts: Sequence[StagedRows]) -> StagedRows:
        return cls(rows=sum(part.rows for part in parts), seconds=round(sum(part.seconds for part in parts), 3))


def stage(prepared: Prepared, staging: Staging, *, steps: Steps, progress: Progress) -> StagedRows:
    """Every prepared row, verified. Red where the target does not hold what the mapping says."""
    return StagedRows.of([_staged_once(prepared, one, staging, steps, progress) for one in prepared.tables])


def staged_before(prepared: Prepared, steps: Steps) -> StagedRows:
    """What earlier attempts staged, where it is merged by now."""
    return StagedRows.of([_once(steps, one, StagedRows(rows=prepared.count(one))) for one in prepared.tables])


def _staged_once(prepared: Prepared, staged: Staged, staging: Staging, steps: Steps, progress: Progress) -> StagedRows:
    total, word = _content(prepared, staged)
    began = time.monotonic()
    if staging.noted(staged) != word:
        progress(Tick(step="stage", what=staged.table.name, done=0, total=total))
        types = [staged.table.column(name).type for name in staged.columns]
        batches = prepared.workbench.batches(prepared.rows(staged, to_stage=True))
        staging.stage(staged, (typed(batch, types) for batch in batches))
        progress(Tick(step="stage", what=staged.table.name, done=total, total=total))
        _require_equal(staged, verify_staging(prepared, staged, staging.scan))
        staging.note(staged, word)
    took = StagedRows(rows=total, seconds=round(time.monotonic() - began, 3))
    return replace(_once(steps, staged, took), rows=total)


def _once(steps: Steps, staged: Staged, took: StagedRows) -> StagedRows:
    return built(StagedRows, steps.once(f"stage {staged.table.name}", lambda: asdict(took)), "stage")


def _content(prepared: Prepared, staged: Staged) -> tuple[int, str]:
    """How many rows there are to stage, and a word that other rows, or other columns, would not have.

    Of a row that is kept, the key alone is looked at: its values are the target's own, and any edge may have led there.
    """
    all_of_it = _hash((*staged.columns, ACTION, EDGE))
    if staged.key:
        all_of_it = f"CASE WHEN {ACTION} = '{KEEP}' THEN {_hash((*staged.key, ACTION))} ELSE {all_of_it} END"
    query = f"SELECT count(*), sum(({all_of_it})::HUGEINT) FROM ({prepared.rows(staged, to_stage=True)})"
    rows, total = prepared.workbench.row(query)
    columns = [staged.table.column(name) for name in staged.columns]
    shape = [(column.name, column.native, column.collation, str(column.type)) for column in columns]
    return int(rows), hashlib.sha256(repr((rows, total, shape, staged.key)).encode()).hexdigest()[:32]


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
