"""An archive back into an empty platform of its kind: built from descriptions, filled, described, read and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mappings.quote import identifier as quoted
from migrator.contracts import Reading, Rebuilding, Source, Staged, Target
from migrator.engine.compare import compare
from migrator.engine.departures import Described, departures, described
from migrator.engine.order import parents_first
from migrator.engine.reread import Reread, RestoredTable, rows_of
from migrator.engine.room import Room, row_bytes
from migrator.engine.workbench import workbench
from migrator.outcomes import EVERY_STEP, Difference, Progress, Steps, Tick, Verdict, silent
from storage.archive import Archive, ArchivedTable
from storage.described import built
from storage.errors import Misuse
from storage.model import Model
from storage.problem import Problem, gathered
from storage.schema import Table
from storage.types import arrow_schema

REBUILDING = "rebuild"
"""The one step there is: tables appear all at once, so of a restore that is stopped before there are none."""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """`notes` tell what could not be as it was declared, `departures` what is not so and nobody can say why.

    `differences` are the first of each table that is not equal.
    """

    archive: str
    read_from: str  # parquet | csv
    tables: tuple[RestoredTable, ...]
    notes: tuple[Problem, ...]
    departures: tuple[Problem, ...]
    differences: tuple[Difference, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def verdict(self) -> Verdict:
        return Verdict.of(not self.departures and all(table.is_equal for table in self.tables))


def restore(
    archive: Archive,
    target: Target,
    source: Callable[[], Source],
    *,
    master: bool = False,
    steps: Steps = EVERY_STEP,
    progress: Progress = silent,
    stands: Callable[[], None] = lambda: None,
) -> Restored:
    """Rebuild the archive's tables where nothing is yet; `source` opens what `target` has made, to read it again.

    With `master`, from the CSV alone. Rows of views are not restored, and not compared. What an earlier attempt rebuilt
    whole is described and read again, and not made once more. `stands` is called as soon as the tables are there for
    good. Misuse if the platform is of another kind, or anything is there already.
    """
    _require_kind(archive, target)
    stored = [archived for archived in archive.tables if not archived.table.is_view]
    tables, model = parents_first([archived.table for archived in stored]), archive.model()
    building = _Building(
        archive=archive, target=target, tables=tables, model=model, master=master, progress=progress, stands=stands
    )
    given = steps.once(REBUILDING, lambda: building.told(steps.attempt))
    stands()  # by an earlier attempt, perhaps
    told = tuple(built(Problem, one, REBUILDING) for one in given)
    with source().fence() as reading:
        archived = Described(version=archive.identity.source_version, tables=tables, model=model)
        departed = departures(archived, described(reading, tables), told)
        again = Reread(reading, archive, target.numbered(tables), progress)
        restored = tuple(again.table(part) for part in stored)
        differing = [archive.table(table.name) for table in restored if not table.is_equal]
        differences = tuple(found for part in differing for found in _differences(reading, archive, part))
    return Restored(
        archive=archive.location,
        read_from="csv" if master else "parquet",
        tables=restored,
        notes=gathered((*told, *_views(archive), *departed.worded)),
        departures=(*departed.lost, *again.behind(told)),
        differences=differences,
    )


@dataclass(frozen=True, kw_only=True)
class _Building:
    """The archive's tables, made and filled: all of them, or none."""

    archive: Archive
    target: Target
    tables: Sequence[Table]
    model: Model
    master: bool
    progress: Progress
    stands: Callable[[], None]

    def told(self, attempt: int) -> list[dict[str, Any]]:
        """What could not be as it was declared."""
        try:
            return [asdict(problem) for problem in self._rebuilt()]
        except Misuse as error:
            if attempt == 1:
                raise
            raise Misuse(  # an attempt may have been stopped between its end and the record of it
                f"{error.what}: perhaps what an earlier attempt of this run made, and nobody has verified",
                where=error.where,
                next="look whose it is; if it is the run's, empty the database and resume the run",
            ) from error

    def _rebuilt(self) -> Sequence[Problem]:
        with self.target.rebuilding(self.tables, self.model) as rebuilding:
            for table in self.tables:
                self._fill(rebuilding, table)
            self.progress(Tick(step="keys, constraints and indexes"))
            told = rebuilding.finish()
        self.stands()
        return told

    def _fill(self, rebuilding: Rebuilding, table: Table) -> None:
        rows = self.archive.table(table.name).rows
        self.progress(Tick(step="restore", what=table.name, done=0, total=rows))
        rebuilding.fill(table, self.archive.scan(table.name, master=self.master))
        self.progress(Tick(step="restore", what=table.name, done=rows, total=rows))


def _views(archive: Archive) -> Iterator[Problem]:
    for archived in archive.tables:
        if archived.table.is_view:
            yield Problem(
                where=archived.table.name,
                what=f"rows of a {archived.table.kind} are not restored, and not compared with what it shows now",
                count=archived.rows,
                next="they stand in the archive; a mapping loads them into a table",
            )


def _require_kind(archive: Archive, target: Target) -> None:
    kind, there = archive.identity.source_platform, target.capabilities.platform
    if there != kind:
        raise Misuse(
            f"the archive comes from {kind}, this is {there}",
            where=archive.location,
            next=f"name an empty database of {kind}; with a mapping, `migrator migrate` loads it into any other kind",
        )


def _differences(reading: Reading, archive: Archive, archived: ArchivedTable) -> Sequence[Difference]:
    table = archived.table
    with workbench(room=Room.of(len(table.columns), row_bytes(archived))) as bench:
        bench.schema("arc")
        bench.ingest("arc", table.name, archive.scan(table.name), arrow_schema(table))
        staged = Staged(table=table, columns=table.column_names, key=table.primary_key)
        expected = f"SELECT * FROM arc.{quoted(table.name)}"
        return compare(bench, staged, expected, lambda found: rows_of(reading, found)).differences
