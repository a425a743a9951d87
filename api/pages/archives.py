"""/tenants/{tenant}, /archives/{archive}: what a tenant has, and a look into any table of an archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.asked import Asked, of_archive, of_tenant
from api.pages.frame import page
from api.paging import Start
from api.routes.archives import found
from migrator.access.roles import Permission
from migrator.engine.browse.question import Comparison, Condition, Question
from migrator.registry.documents import Kind
from migrator.reports.scope import drawn_tables
from migrator.runs.portion import Portion
from storage.archive import Archive
from storage.schema import ForeignKey, Table

router = APIRouter(include_in_schema=False)
_ROWS = _RUNS = 50


@dataclass(frozen=True, kw_only=True)
class View:
    """One page of a table, and the ways from it to others."""

    path: str
    search: str
    column: str
    comparison: str
    value: str
    sort: str
    descending: bool
    start: int

    def link(self, **changes: object) -> str:
        """The same page but for these."""
        told = {**vars(self), **changes}
        del told["path"]
        kept = {name: "1" if value is True else value for name, value in told.items() if value not in ("", 0, False)}
        return f"{self.path}?{urlencode(kept)}" if kept else self.path

    def sorted_by(self, column: str) -> str:
        return self.link(sort=column, descending=self.sort == column and not self.descending, start=0)

    @property
    def question(self) -> Question:
        one = Condition(column=self.column, comparison=_comparison(self.comparison), value=self.value)
        return Question(
            conditions=(one,) if self.column else (),
            search=self.search,
            sort=self.sort,
            is_descending=self.descending,
            after=self.start,
            rows=_ROWS,
        )


@router.get("/tenants/{tenant}")
def tenant(asked: Annotated[Asked, of_tenant(Permission.LOOK)], request: Request) -> Response:
    """Its plans, its archives, its runs."""
    served = asked.served
    latest = Portion(most=_RUNS, tenants=frozenset({asked.tenant}), is_backwards=True)
    return page(
        request,
        "tenant.html.j2",
        asked=asked,
        tenant=served.tenants.find(asked.tenant),
        plans=served.documents.newest(Kind.PLAN, tenant=asked.tenant),
        archives=served.service.archives(asked.tenant)[::-1],
        runs=served.service.runs(portion=latest),
        migrations=served.service.runs(kind="migration", portion=latest),
        may_run=asked.who.may(Permission.RUN, asked.tenant),
        may_write=asked.who.may(Permission.WRITE, asked.tenant),
    )


@router.get("/archives/{archive}")
def archive(asked: Annotated[Asked, of_archive(Permission.LOOK)], archive: str, request: Request) -> Response:
    """What it is, its tables in the tree of what leaves, and what can be done with it."""
    record = found(asked, archive)
    opened, reached = asked.service.archive(record.location), asked.service.reached_tables(record)
    may_run = asked.who.may(Permission.RUN, asked.tenant)
    platforms = asked.served.platforms.all() if may_run else ()
    return page(
        request,
        "archive.html.j2",
        asked=asked,
        archive=record,
        tenant=asked.served.tenants.find(asked.tenant),
        opened=opened,
        drawn=drawn_tables(reached.tables),
        crossings=reached.crossings,
        files=opened.file_count,
        platforms=[one for one in platforms if one.is_for(asked.tenant)],
        may_run=may_run,
    )


@router.get("/archives/{archive}/tables/{table:path}")
def table(
    asked: Annotated[Asked, of_archive(Permission.READ_ROWS)],
    archive: str,
    table: str,
    request: Request,
    search: Annotated[str, Query(max_length=200)] = "",
    column: str = "",
    comparison: str = "",
    value: str = "",
    sort: str = "",
    descending: bool = False,
    start: Start = 0,
) -> Response:
    """A page of rows; a key leads to the row it points at."""
    record = found(asked, archive)
    opened = asked.service.archive(record.location)
    part = opened.table(table)
    view = View(
        path=f"/archives/{archive}/tables/{quote(table)}",
        search=search,
        column=column,
        comparison=comparison,
        value=value,
        sort=sort,
        descending=descending,
        start=start,
    )
    rows = asked.service.browse(record, table, view.question)
    asked.note("read rows", archive, table=table)
    return page(
        request,
        "table.html.j2",
        asked=asked,
        archive=record,
        part=part,
        view=view,
        found=rows,
        last=min(start + _ROWS, rows.matching),
        comparisons=list(Comparison),
        keys=_keys(part.table, opened),
    )


def _comparison(told: str) -> Comparison:
    return Comparison(told) if told in list(Comparison) else Comparison.IS


def _keys(table: Table, archive: Archive) -> dict[str, tuple[str, str]]:
    """Of columns that alone point at an archived row: the path of the page of those rows, and the column there."""
    place, held = f"/archives/{archive.identity.archive_id}/tables", {part.table.name for part in archive.tables}
    return {
        key.columns[0]: (f"{place}/{quote(key.parent)}", key.parent_columns[0])
        for key in _single(table.foreign_keys)
        if key.parent in held
    }


def _single(keys: Sequence[ForeignKey]) -> list[ForeignKey]:
    return [key for key in keys if len(key.columns) == 1]
