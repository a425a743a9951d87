"""What vouches for what a run says: the rows behind its numbers, the runs before it, what will happen next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mappings.condition import conditions_of, written
from mappings.model import Edge
from mappings.sandbox import check_condition
from migrator.contracts import KEEP, OVERWRITE
from migrator.engine.browse.browser import Cell
from migrator.engine.browse.question import Question
from migrator.engine.whereabouts import Origin, Whereabouts
from migrator.outcomes import Difference, RunReport
from migrator.runs.catalog import Catalog
from migrator.runs.folder import RunFolder
from migrator.runs.portion import Portion
from migrator.runs.records import ArchiveRecord, RunRecord
from migrator.service.browsing import Browsing
from migrator.service.rehearsing import Rehearsing
from storage.errors import Misuse, Red
from storage.location import split_archive
from storage.problem import Problem
from storage.said_error import read_error
from storage.schema import Table

_LOOKED_AT = 100  # verifications, for the last of a load


class Went(StrEnum):
    """What a load did with archived rows: a part of an edge's equation."""

    MAPPED = "loaded"  # with what was merged and kept of them
    EXCLUDED = "excluded"
    REJECTED = "rejected"


STOOD = {"merged": OVERWRITE, "kept": KEEP}
"""What a load did with rows that the target had before, as an equation calls it."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A column of an archived table."""

    table: str
    column: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """An archived row; `became` is its key in the target, `action` what was done with the row that stood there."""

    cells: tuple[Cell, ...]
    became: str | None = None
    action: str | None = None


@dataclass(frozen=True, kw_only=True)
class LedgerPage:
    """A page of the archived rows of a part of an edge; `key` is the column whose values became keys of the target."""

    source: str
    target: str
    because: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    matching: int
    key: str | None


@dataclass(frozen=True, kw_only=True)
class Stood:
    """A row of the target that stood there before a load, and the archived row that is the same."""

    key: dict[str, str]
    origin: Origin | None


@dataclass(frozen=True, kw_only=True)
class StoodPage:
    target: str
    rows: tuple[Stood, ...]
    matching: int


@dataclass(frozen=True, kw_only=True)
class Evidence(Browsing, Rehearsing):
    """Nothing here asks a platform: reports, what loads decided, and archives are enough."""

    # ── the rows behind a number ────────────────────────────────────────────────────────────────────────────
    def load_of(self, run_id: str) -> RunRecord:
        """The load that a run is about: itself, or what it verified or took back."""
        with self._catalog() as catalog:
            return _load_of(catalog, run_id)

    def archive_of_run(self, run: RunRecord) -> ArchiveRecord | None:
        """The archive of a run, where the catalog knows it still."""
        return self.find_archive(split_archive(run.archive)[1]) if run.archive else None

    def red(self, run_id: str) -> tuple[Problem, ...]:
        """What a run found that ended without a report: nothing was loaded."""
        error = self.answer(run_id).get("error")
        told = read_error(error) if error else None
        return told.problems if isinstance(told, Red) else ()

    def made_of(self, run_id: str, places: Sequence[str]) -> tuple[Place | None, ...]:
        """Of each place in a mapping, as a problem names it, the one archived column that it is made of."""
        folder = self._folder_of_load(run_id)
        edges = folder.mapping().edges
        return tuple(next(_made_of(edges, place), None) for place in places)

    def origins(self, run_id: str, table: str, keys: Sequence[dict[str, str]]) -> tuple[Origin | None, ...]:
        """The archived rows of rows of the target, each by its key there."""
        return Whereabouts(folder=self._folder_of_load(run_id).decisions).origins(table, keys)

    def went(self, run_id: str, edge_number: int, part: Went, *, after: int = 0, rows: int = 50) -> LedgerPage:
        """The archived rows that an edge loaded, excluded or rejected. Misuse where the run has no such edge."""
        folder, run = self._folder_of_load(run_id), self.load_of(run_id)
        edge = _edge(folder, edge_number, run_id)
        archive = self.archive(run.archive or "")
        table = archive.table(edge.source).table
        question = Question(after=after, rows=rows)
        page = self._browser().page(archive, edge.source, question, among=_condition(edge, table, part))
        places = Whereabouts(folder=folder.decisions)
        key = places.key_of(edge.source, edge.target) if part is Went.MAPPED else None
        return LedgerPage(
            source=edge.source,
            target=edge.target,
            because=_because(edge, part),
            columns=page.columns,
            rows=_rows(page.rows, page.columns, edge, key, places),
            matching=page.matching,
            key=key,
        )

    def stood(self, run_id: str, edge_number: int, part: str, *, after: int = 0, rows: int = 50) -> StoodPage:
        """The rows of an edge's target table that stood there before, and were kept or overwritten."""
        folder = self._folder_of_load(run_id)
        edge = _edge(folder, edge_number, run_id)
        places = Whereabouts(folder=folder.decisions)
        found = places.matched(edge.target, STOOD[part], after=after, rows=rows)
        origins = places.origins(edge.target, found.keys)
        return StoodPage(
            target=edge.target,
            rows=tuple(Stood(key=key, origin=origin) for key, origin in zip(found.keys, origins, strict=True)),
            matching=found.matching,
        )

    def edits(self, rollback: RunRecord) -> tuple[RunRecord | None, tuple[Difference, ...]]:
        """What people changed of a load before it was taken back, by the last verification that looked before."""
        verified = self._verified(rollback, before=rollback.started_at)
        report = self._report_of(verified.run_id) if verified else None
        if report is None or report.verification is None:
            return None, ()
        return verified, report.verification.differences

    def _verified(self, run: RunRecord, *, before: str | None = None) -> RunRecord | None:
        """The last verification of the load that a run is about."""
        newest = Portion(most=_LOOKED_AT, is_backwards=True)
        runs = self.runs(kind="verification", of_run=run.of_run or run.run_id, portion=newest)
        found = (one for one in runs if one.verdict is not None)
        return next((one for one in found if before is None or one.started_at < before), None)

    def _report_of(self, run_id: str) -> RunReport | None:
        with self._catalog() as catalog:
            return self._told_of(catalog, run_id)

    def _folder_of_load(self, run_id: str) -> RunFolder:
        with self._catalog() as catalog:
            load = _load_of(catalog, run_id)
            return self._serving(load)._brought(catalog, load)


def _load_of(catalog: Catalog, run_id: str) -> RunRecord:
    run = catalog.run(run_id)
    return catalog.run(run.of_run) if run.of_run else run


def _edge(folder: RunFolder, number: int, run_id: str) -> Edge:
    edges = folder.mapping().edges
    if not 0 <= number < len(edges):
        raise Misuse("the run has no such edge", where=f"{run_id} {number}", next=f"its mapping has {len(edges)}")
    return edges[number]


def _made_of(edges: Sequence[Edge], place: str) -> Iterator[Place]:
    for edge in edges:
        for column in edge.columns:
            if place.endswith(f"{edge.target}.{column.target}") and len(column.inputs) == 1:
                yield Place(table=edge.source, column=column.inputs[0])


def _condition(edge: Edge, table: Table, part: Went) -> str:
    for expression, _ in written(edge):
        check_condition(expression, table)
    conditions = conditions_of(edge, table)
    return {Went.MAPPED: conditions.mapped, Went.EXCLUDED: conditions.excluded, Went.REJECTED: conditions.rejected}[
        part
    ]


def _because(edge: Edge, part: Went) -> str:
    if part is Went.EXCLUDED:
        return edge.because or ""
    return "; ".join(reject.because for reject in edge.rejects) if part is Went.REJECTED else ""


def _rows(
    found: Sequence[tuple[Cell, ...]], columns: Sequence[str], edge: Edge, key: str | None, places: Whereabouts
) -> tuple[Row, ...]:
    if key is None:
        return tuple(Row(cells=cells) for cells in found)
    old = [cells[columns.index(key)].text for cells in found]
    became = places.became(edge.source, edge.target, [value for value in old if value is not None])
    actions = places.actions(edge.target, list(became.values()))
    news = [became.get(value) if value is not None else None for value in old]
    return tuple(
        Row(cells=cells, became=new, action=actions.get(new) if new else None)
        for cells, new in zip(found, news, strict=True)
    )
