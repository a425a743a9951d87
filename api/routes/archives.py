"""/v1/archives: what was taken, to look into and to take along. Who reads whose data is in the audit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.asked import Anybody, Asked, of_archive
from api.downloads import download, whole
from api.paging import Name, Page, Paged, Start
from api.problems import unknown
from api.shapes import Rows, streamed
from api.slow import SLOW
from migrator.access.roles import Permission
from migrator.engine.browse.question import MOST_ROWS, Comparison, Condition, Question
from migrator.runs.records import ArchiveRecord
from storage.errors import Misuse

router = APIRouter(prefix="/archives", tags=["archives"])
Looking = Annotated[Asked, of_archive(Permission.LOOK)]
Reading = Annotated[Asked, of_archive(Permission.READ_ROWS)]
Where = Annotated[
    list[str],
    Query(max_length=20, description="column|comparison|value", examples=[["name|contains|Ann", "id|above|7"]]),
]
_PARQUET, _ZIP = "application/vnd.apache.parquet", "application/zip"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("", response_model=Page[ArchiveRecord])
def every(asked: Anybody, paged: Paged, tenant: Name = None) -> dict[str, Any]:
    """The archives of your tenants, oldest first."""
    found = asked.served.service.archives(portion=paged.portion(asked.reach(tenant)))
    return paged.page(found, lambda one: (one.created_at, one.archive_id))


@router.get("/{archive}.zip", response_class=Response, responses=streamed(_ZIP, "The archive."))
def as_zip(asked: Reading, archive: str, request: Request) -> Response:
    """The whole archive, as it stands in its store."""
    content = asked.service.as_zip(found(asked, archive))
    asked.note("download archive", archive)
    return download(request, content, name=f"{archive}.zip", media_type=_ZIP, etag=archive)


@router.get("/{archive}")
def one(asked: Looking, archive: str) -> dict[str, Any]:
    """An archive, and its tables."""
    record = found(asked, archive)
    outline = asked.service.outline(record.location)
    tables = [{**asdict(table), "class": table.scope_class} for table in outline.tables]
    return {**asdict(record), **asdict(outline), "tables": tables}


@router.get("/{archive}/tables/{table}/rows", response_model=Rows)
def rows(
    asked: Reading,
    archive: str,
    table: str,
    where: Where = [],  # noqa: B006 - FastAPI copies it
    search: Annotated[str, Query(max_length=200)] = "",
    sort: str = "",
    descending: bool = False,
    start: Start = 0,
    count: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
) -> dict[str, Any]:
    """A page of a table, as it was archived: values as text, NULL as null."""
    question = Question(
        conditions=tuple(map(condition, where)),
        search=search,
        sort=sort,
        is_descending=descending,
        after=start,
        rows=count,
    )
    answer = asked.service.browse(found(asked, archive), table, question)
    asked.note("read rows", archive, table=table)
    return {
        "columns": answer.columns,
        "rows": [[cell.text for cell in row] for row in answer.rows],
        "matching": answer.matching,
        "start": start,
    }


@router.get("/{archive}/tables/{table}.csv", response_class=Response, responses=streamed("text/csv", "The table."))
def as_csv(asked: Reading, archive: str, table: str, request: Request) -> Response:
    """The table's master, byte for byte."""
    content = asked.service.as_csv(found(asked, archive), table)
    asked.note("download table", archive, table=table, format="csv")
    return download(request, content, name=f"{table}.csv", media_type="text/csv; charset=utf-8", etag=archive)


@router.get("/{archive}/tables/{table}.parquet", response_class=Response, responses=streamed(_PARQUET, "The table."))
def as_parquet(asked: Reading, archive: str, table: str, request: Request) -> Response:
    """The table's typed twin; a ZIP where it has several files."""
    content = asked.service.as_parquet(found(asked, archive), table)
    asked.note("download table", archive, table=table, format="parquet")
    return download(request, content, name=f"{table}.parquet", media_type=_PARQUET, etag=archive)


@router.get(
    "/{archive}/tables/{table}.xlsx",
    response_class=Response,
    responses=streamed(_XLSX, "The table."),
    dependencies=[SLOW],
)
def as_xlsx(asked: Reading, archive: str, table: str) -> Response:
    """The table as a sheet, where it has room: a courtesy to whoever filters; the archive is the other two."""
    file = asked.service.as_xlsx(found(asked, archive), table)
    asked.note("download table", archive, table=table, format="xlsx")
    return whole(file, name=f"{table}.xlsx", media_type=_XLSX)


def found(asked: Asked, archive_id: str) -> ArchiveRecord:
    record = asked.served.service.find_archive(archive_id)
    if record is None:
        raise unknown("archive", archive_id)
    return record


def condition(written: str) -> Condition:
    """`column|comparison|value`, the last of which may hold the sign itself."""
    column, _, rest = written.partition("|")
    comparison, _, value = rest.partition("|")
    if comparison not in list(Comparison):
        raise Misuse(
            f"no comparison {comparison!r}", where="where", next=f"write column|…|value with: {', '.join(Comparison)}"
        )
    return Condition(column=column, comparison=Comparison(comparison), value=value)
