"""/runs/{run}/evidence: the report inside the frame, and from any of its numbers to the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.asked import Asked, of_run
from api.pages.frame import page
from api.paging import Start
from api.problems import unknown
from api.routes import evidence
from migrator.access.roles import Permission
from migrator.engine.browse.question import Comparison
from migrator.engine.whereabouts import Origin
from migrator.outcomes import Difference, RunReport, Verdict, said_key
from migrator.reports.html import told
from migrator.runs.records import ArchiveRecord, RunRecord
from migrator.service.evidence import STOOD, Place, Went
from storage.errors import Misuse
from storage.problem import Problem

router = APIRouter(include_in_schema=False)
Looking = Annotated[Asked, of_run(Permission.LOOK)]
Reading = Annotated[Asked, of_run(Permission.READ_ROWS)]
_ROWS = 50


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """One row that is not as it should be: its cells that differ, and the page of the archived row."""

    table: str
    key: dict[str, str]
    kind: str
    cells: tuple[Difference, ...]
    archived: str | None


@dataclass(frozen=True, kw_only=True)
class Left:
    """A row that a rollback did not take back, why, what people made of it, and the page of the archived row."""

    table: str
    key: str
    why: str
    edits: tuple[Difference, ...]
    archived: str | None


@router.get("/runs/{run}/evidence")
def report(asked: Looking, run: str, request: Request, start: Start = 0) -> Response:
    """What it found; of a rollback the rows that stayed, a page of them from `start`."""
    record, load = asked.service.run(run), asked.service.load_of(run)
    archive = asked.service.archive_of_run(load)
    asked.note("read report", run, format="page")
    about: dict[str, Any] = {"asked": asked, "run": record, "load": load, "archive": archive}
    if _was_refused(record):
        linked = _linked(asked, load, archive, asked.service.red(run))
        return page(request, "refused.html.j2", **about, problems=linked)
    found = asked.service.reported(run)
    if found.rollback is not None:
        return page(request, "rollback.html.j2", **about, **told(found), **_left(asked, found, record, archive, start))
    return page(
        request, "evidence.html.j2", **about, **told(found), linked=_linked(asked, load, archive, found.problems)
    )


@router.get("/runs/{run}/evidence/differences")
def differences(asked: Reading, run: str, request: Request, table: str = "") -> Response:
    """The rows that are not what archive and mapping say, of one table where asked."""
    record, load = asked.service.run(run), asked.service.load_of(run)
    found = asked.service.reported(run)
    if found.verification is None or (table and table not in {one.table for one in found.verification.tables}):
        raise unknown("comparison", table or run)
    asked.note("read rows", run, table=table or "every table", part="different")
    compared = [one for one in found.verification.tables if table in ("", one.table)]
    archive = asked.service.archive_of_run(load)
    return page(
        request,
        "differences.html.j2",
        asked=asked,
        run=record,
        load=load,
        report=found,
        table=table,
        different=sum(one.different for one in compared) if table else found.verification.different,
        deviations=_deviations(
            asked, load, archive, [one for one in found.verification.differences if table in ("", one.table)]
        ),
    )


@router.get("/runs/{run}/evidence/edges/{edge}/{part}")
def rows(asked: Reading, run: str, edge: int, part: str, request: Request, start: Start = 0) -> Response:
    """The rows of one part of an edge's equation."""
    record, load = asked.service.run(run), asked.service.load_of(run)
    archive = asked.service.archive_of_run(load)
    about: dict[str, Any] = {
        "asked": asked,
        "run": record,
        "load": load,
        "archive": archive,
        "part": part,
        "start": start,
    }
    path = f"/runs/{run}/evidence/edges/{edge}/{part}"
    if part in STOOD:
        stood = evidence.stood(asked, run, edge, part, start=start, count=_ROWS)
        origins = [_page_of(archive, one.origin) for one in stood.rows]
        turns = _turns(path, start, stood.matching)
        return page(
            request, "stood.html.j2", **about, found=stood, rows=list(zip(stood.rows, origins, strict=True)), **turns
        )
    if part not in list(Went):
        raise unknown("part", part)
    went = evidence.went(asked, run, edge, Went(part), start=start, count=_ROWS)
    return page(request, "went.html.j2", **about, found=went, **_turns(path, start, went.matching))


def _turns(path: str, start: int, matching: int) -> dict[str, Any]:
    """The pages before and after."""
    return {
        "before": f"{path}?start={max(start - _ROWS, 0)}" if start else "",
        "after": f"{path}?start={start + _ROWS}" if start + _ROWS < matching else "",
        "last": min(start + _ROWS, matching),
    }


# ── what is not as it should be ─────────────────────────────────────────────────────────────────────────────
def _was_refused(run: RunRecord) -> bool:
    """Whether a load ended before it wrote: it has findings and no report."""
    return run.kind in ("rehearsal", "migration") and run.verdict == Verdict.RED and run.error is not None


def _linked(
    asked: Asked, load: RunRecord, archive: ArchiveRecord | None, problems: Sequence[Problem]
) -> list[tuple[Problem, list[tuple[str, str | None]]]]:
    """Each problem, its examples with the page of the archived rows that have that value."""
    if not problems:
        return []
    try:
        places: Sequence[Place | None] = asked.service.made_of(load.run_id, [problem.where for problem in problems])
    except Misuse:  # the run's folder lies elsewhere
        places = [None] * len(problems)
    return [
        (problem, [(example, _page_of(archive, _valued(place, example))) for example in problem.examples])
        for problem, place in zip(problems, places, strict=True)
    ]


def _valued(place: Place | None, value: str) -> Origin | None:
    return Origin(table=place.table, column=place.column, value=value) if place else None


def _deviations(
    asked: Asked, load: RunRecord, archive: ArchiveRecord | None, found: Iterable[Difference]
) -> list[Deviation]:
    rows = [tuple(cells) for _, cells in groupby(found, key=_row_of)]
    firsts = [cells[0] for cells in rows]
    origins = _origins_of(asked, load, [(one.table, one.key) for one in firsts])
    return [
        Deviation(table=one.table, key=one.key, kind=one.kind, cells=cells, archived=_page_of(archive, origin))
        for one, cells, origin in zip(firsts, rows, origins, strict=True)
    ]


def _row_of(one: Difference) -> tuple[object, ...]:
    """What the cells of a row have in common; without a key each difference is a row."""
    itself = () if one.key else (one.expected, one.actual)
    return (one.table, said_key(one.key), one.kind, *itself)


def _origins_of(asked: Asked, load: RunRecord, rows: Sequence[tuple[str, dict[str, str]]]) -> list[Origin | None]:
    """Of rows of the target, a table after the other, the archived rows."""
    found: list[Origin | None] = []
    for table, of_table in groupby(rows, key=itemgetter(0)):
        found += asked.service.origins(load.run_id, table, [key for _, key in of_table])
    return found


def _page_of(archive: ArchiveRecord | None, origin: Origin | None) -> str | None:
    """Where the archived row is looked at."""
    if archive is None or origin is None:
        return None
    asked = {"column": origin.column, "comparison": Comparison.IS.value, "value": origin.value}
    return f"/archives/{archive.archive_id}/tables/{quote(origin.table)}?{urlencode(asked)}"


# ── what a rollback left ────────────────────────────────────────────────────────────────────────────────────
def _left(asked: Asked, report: RunReport, run: RunRecord, archive: ArchiveRecord | None, start: int) -> dict[str, Any]:
    verification, edits = asked.service.edits(run)
    shown = report.notes[start : start + _ROWS]
    names = ["".join(note.examples[:1]) for note in shown]
    rows = [(note.where, _key(name)) for note, name in zip(shown, names, strict=True)]
    left = []
    for note, name, origin in zip(shown, names, _origins_of(asked, run, rows), strict=True):
        own = tuple(one for one in edits if (one.table, said_key(one.key)) == (note.where, name))
        left.append(Left(table=note.where, key=name, why=note.what, edits=own, archived=_page_of(archive, origin)))
    path = f"/runs/{run.run_id}/evidence"
    return {"left": left, "verification": verification, "start": start, **_turns(path, start, len(report.notes))}


def _key(said: str) -> dict[str, str]:
    """The key that was told as `column=value`; of several columns no crosswalk knows anything."""
    column, _, value = said.partition("=")
    return {column: value} if value else {}
