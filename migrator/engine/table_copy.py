"""One table into the archive: read from the source, or taken over as an earlier attempt or a helper left it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import pyarrow as pa

from migrator.contracts import ColumnCensus, Reading
from migrator.engine.attachments import Attachments
from migrator.engine.documents import Audit
from migrator.engine.extract import extract
from migrator.engine.keysets import STUB
from migrator.engine.losses import Loss, accepted
from migrator.engine.masks.masked import Masked
from migrator.engine.scope import Resolved
from migrator.engine.splits import Split
from migrator.engine.subject.withheld import Withheld
from migrator.engine.views import require_settled
from migrator.outcomes import Progress, Tick
from storage.errors import Recast, Red
from storage.package import TablePart
from storage.schema import Table
from storage.tables import TablesWriter

_MOST_RECASTS = 10_000
_Copied = tuple[TablePart, tuple[Loss, ...]]


class Watching(Protocol):
    """Who looks at the rows as they pass, to prove them later."""

    def watching(self, table: Table, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]: ...


class Standing(Protocol):
    """Which tables stand already; and where those that are finished are told."""

    def stood(self, table: str) -> _Copied | None: ...

    def finished(self, part: TablePart, losses: Sequence[Loss]) -> None: ...


class TableCopy:
    """One table into the archive; read again, within the same fence, when a value needs its column held otherwise."""

    def __init__(
        self,
        reading: Reading,
        resolved: Resolved,
        prover: Watching,
        masked: Masked,
        withheld: Withheld,
        attachments: Attachments,
        standing: Standing,
        progress: Progress,
    ) -> None:
        self._reading = reading
        self._resolved = resolved
        self._prover = prover
        self._masked = masked
        self._withheld = withheld
        self._attachments = attachments
        self._standing = standing
        self._progress = progress

    def copy(self, writer: TablesWriter, declared: Table, audit: Audit) -> tuple[Loss, ...]:
        """What of it is not held exactly, as the plan accepts."""
        part, losses = self._again(writer, declared) or self._read(writer, declared)
        require_settled(part.table, self._resolved.closure.count(declared.name), part.rows)
        audit.add("table", {"table": declared.name, "rows": part.rows, "digest": part.digest})
        self._standing.finished(part, losses)
        return losses

    def _again(self, writer: TablesWriter, declared: Table) -> _Copied | None:
        """The table as somebody else left it, watched as if it were read; None where there is none to be had."""
        if (stood := self._standing.stood(declared.name)) is None:
            return None
        part, losses = stood
        batches = self._prover.watching(part.table, self._counted(declared.name, writer.again(part)))
        try:
            for _ in self._attachments.watching(part.table, batches):
                pass
        except Red:  # what was damaged meanwhile is read once more
            return None
        return part, losses

    # ── in splits ───────────────────────────────────────────────────────────────────────────────────────────
    def settled(self, declared: Table) -> tuple[Table, tuple[Loss, ...]]:
        """The table, its columns as all its values need them, as far as the source can tell; and the losses."""
        table, census = self._census(declared)
        return table, accepted(table, census, self._resolved.rules.accept)

    def is_divisible(self, table: Table) -> bool:
        """Whether ranges of its keys are all there is of it."""
        return bool(table.primary_key) and not self._resolved.closure.count(table.name, STUB)

    def split(self, writer: TablesWriter, settled: Table, split: Split) -> TablePart:
        """One split of a table, of which nothing is masked, withheld or attached. Recast as in `TablesWriter.split`."""
        batches = extract(self._reading, self._resolved, settled, split)
        class_ = self._resolved.classified.classes[settled.name]
        told = self._counted(settled.name, batches, before=split.first)
        return writer.split(settled, told, number=split.number, scope_class=class_)

    # ── from the source ─────────────────────────────────────────────────────────────────────────────────────
    def _census(self, declared: Table) -> tuple[Table, tuple[ColumnCensus, ...]]:
        return self._reading.census(declared, self._resolved.closure.predicate(declared.name))

    def _read(self, writer: TablesWriter, declared: Table) -> _Copied:
        class_ = self._resolved.classified.classes[declared.name]
        table, census = self._census(declared)
        for _ in range(_MOST_RECASTS):
            losses = accepted(self._withheld.described(table), census, self._resolved.rules.accept)
            try:
                batches = self._prover.watching(table, extract(self._reading, self._resolved, table))
                batches = self._withheld.passing(table, self._masked.passing(table, batches))
                described = self._attachments.declared(self._withheld.described(self._masked.described(table)))
                batches = self._attachments.watching(described, batches)
                part = writer.table(described, self._counted(table.name, batches), scope_class=class_)
            except Recast as recast:
                table = _recast(table, recast)
                continue
            return part, losses
        raise Red("its columns cannot be settled", where=declared.name, next="report this with the table's definition")

    def _counted(self, name: str, batches: Iterable[pa.RecordBatch], before: int = 0) -> Iterator[pa.RecordBatch]:
        total, done = self._resolved.closure.count(name), before
        self._progress(Tick(step="snapshot", what=name, done=done, total=total))
        for batch in batches:
            done += batch.num_rows
            self._progress(Tick(step="snapshot", what=name, done=done, total=total))
            yield batch


def _recast(table: Table, recast: Recast) -> Table:
    """How its values are to be held; all else stays as the source has it."""
    name, needed = recast.column.name, recast.column
    held = replace(
        table.column(name), type=needed.type, fidelity=needed.fidelity, held=needed.held, null_token=needed.null_token
    )
    return replace(table, columns=tuple(held if column.name == name else column for column in table.columns))
