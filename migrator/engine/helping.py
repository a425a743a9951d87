"""Tables and splits of a snapshot that another process takes, copied for it as if an earlier attempt had left them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa

from migrator.contracts import Source
from migrator.engine.attachments import Attachments, no_files
from migrator.engine.documents import Audit
from migrator.engine.gentle import as_planned
from migrator.engine.halfway import finished
from migrator.engine.left import fence_of, scope_digest
from migrator.engine.losses import Loss
from migrator.engine.masks.masked import masked_by
from migrator.engine.scope import leaving, resolve
from migrator.engine.splits import Piece, Split
from migrator.engine.spread import Handed
from migrator.engine.subject.view import view_of
from migrator.engine.table_copy import TableCopy
from migrator.engine.workbench import workbench
from migrator.outcomes import Progress, silent
from migrator.plan import Plan
from storage.begun import Begun, FinishedSplit, PartList, can_stand
from storage.claim import ClaimedStore
from storage.errors import Fault, Misuse, Recast
from storage.objects import ObjectStore
from storage.package import TablePart
from storage.schema import Table
from storage.tables import TablesWriter


def help_snapshot(
    source: Source,
    plan: Plan,
    store: ObjectStore,
    handed: Handed,
    *,
    run: str,
    attempt: int,
    pieces: Iterable[Piece],
    required: Callable[[], None],
    progress: Progress = silent,
) -> None:
    """Copy each of these pieces as it comes, and list it; `required` raises a Fault once it is another's to do.

    Fault where this store does not hold what the attempt has begun, FenceLost where its point in time is gone, Misuse
    where the plan finds other rows here than there. What was being copied then is of no use to anybody.
    """
    begun = _begun(store, handed, run, attempt)
    claimed = ClaimedStore(store, PartList(store, handed.archive), attempt, required=required)
    fence = replace(fence_of(begun), handle=handed.handle)
    with (
        as_planned(source, plan.needs_source(), fence) as gentle,
        workbench() as bench,
        view_of(None, gentle, plan) as view,
    ):
        resolved = resolve(gentle, plan, bench)
        if scope_digest(plan, resolved) != begun.scope:
            raise Misuse(
                "the plan finds other rows here than where the run is performed",
                where=run,
                next="give every worker the same variables for its ${…}",
            )
        masked = masked_by(None, bench, gentle.schema, resolved, plan)
        expected = [table.name for table in leaving(gentle.schema, resolved.classified)]
        with (
            Attachments(masked.attachments(resolved.rules), no_files) as attachments,
            _WholeTables(claimed, handed.archive, expected=expected) as writer,
        ):
            listed = _Listed(PartList(claimed, handed.archive))
            copy = TableCopy(gentle, resolved, listed, masked, view.withheld, attachments, listed, progress)
            for piece in pieces:
                if piece.split is None or piece.settled is None:
                    copy.copy(writer, gentle.schema.table(piece.table), Audit())
                else:
                    listed.split(piece.split.first, _split(copy, writer, piece.settled, piece.split))


def _split(copy: TableCopy, writer: TablesWriter, settled: Table, split: Split) -> TablePart:
    try:
        return copy.split(writer, settled, split)
    except Recast as recast:
        raise Fault(
            f"a value needs {recast.column.name} held otherwise than was settled: who performs the run copies it whole",
            where=settled.name,
            next="nothing is to be done",
        ) from recast


def _begun(store: ObjectStore, handed: Handed, run: str, attempt: int) -> Begun:
    begun = PartList(store, handed.archive).begun()
    if begun is None or (begun.run, begun.attempt) != (run, attempt):
        raise Fault(
            "what the run has begun is not in the store as it is seen from here",
            where=f"{store.url} {handed.archive}",
            next="give every worker the same store: a folder of one machine is no store for others",
        )
    return begun


class _Listed:
    """What a helper finishes is listed; who performs the run proves it, and nothing of it stands here before."""

    def __init__(self, parts: PartList) -> None:
        self._parts = parts

    def watching(self, _table: Table, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from batches

    def stood(self, _table: str) -> None:
        return None

    def finished(self, part: TablePart, losses: Sequence[Loss]) -> None:
        self._parts.add(finished(part, losses))

    def split(self, first: int, part: TablePart) -> None:
        self._parts.add_split(FinishedSplit(first=first, part=part))


class _WholeTables(TablesWriter):
    def table(
        self, table: Table, batches: Iterable[pa.RecordBatch], *, splits: int = 1, scope_class: str = "owned"
    ) -> TablePart:
        """Misuse, before anything is written, for a table whose parts do not say all of it."""
        if not can_stand(table):
            raise Misuse(
                "its values do not all lie in its rows: only who performs the run can copy it",
                where=table.name,
                next="nothing is to be done",
            )
        return super().table(table, batches, splits=splits, scope_class=scope_class)
